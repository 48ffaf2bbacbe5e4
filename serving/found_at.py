"""Where the service of a home can be found by commands: its address, in a file while it runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from serving.files import write_whole
from serving.settings import Settings


class Address(msgspec.Struct, frozen=True):
    """Where a service listens.

    Attributes:
        url: Its address, such as `http://127.0.0.1:8000`.
    """

    url: str


@contextmanager
def found_at(settings: Settings, url: str) -> Iterator[None]:
    """Tell commands where the service is, while it runs."""
    write_whole(settings.address_file, msgspec.json.encode(Address(url)))
    try:
        yield
    finally:
        settings.address_file.unlink(missing_ok=True)


def address_of(settings: Settings) -> str | None:
    """Return the address that the home's service has told, None where none runs; one that was killed has left its."""
    try:
        return msgspec.json.decode(settings.address_file.read_bytes(), type=Address).url
    except FileNotFoundError:
        return None
