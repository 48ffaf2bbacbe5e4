"""Frames: payloads on disk that tell whether they are whole.

A 12-byte head (length, checksum of the payload, checksum of these first eight bytes; little-endian), then the payload.
"""

from __future__ import annotations

import struct
import zlib
from typing import BinaryIO

from serving.errors import JournalDamagedError

_HEAD = struct.Struct("<II")
_SUM = struct.Struct("<I")
HEAD_BYTES = _HEAD.size + _SUM.size


def framed(payload: bytes) -> bytes:
    """Return a payload with its head."""
    head = _HEAD.pack(len(payload), zlib.crc32(payload))
    return head + _SUM.pack(zlib.crc32(head)) + payload


def unframed(content: bytes, origin: str) -> bytes:
    """Return the payload of a frame that is all of a file.

    Raises:
        JournalDamagedError: It is not whole.
    """
    length = length_of(content)
    payload = content[HEAD_BYTES:]
    if length != len(payload) or zlib.crc32(payload) != _HEAD.unpack_from(content)[1]:
        message = f"{origin}: must be one whole frame, was damaged"
        raise JournalDamagedError(message)
    return payload


def read_frame(file: BinaryIO, origin: str) -> bytes:
    """Return the payload of the next frame of a file.

    Raises:
        JournalDamagedError: It is not whole.
    """
    head = file.read(HEAD_BYTES)
    return unframed(head + file.read(length_of(head) or 0), origin)


def length_of(head: bytes) -> int | None:
    """Return the payload's length, None where the head is not whole."""
    if len(head) < HEAD_BYTES or _SUM.unpack_from(head, _HEAD.size)[0] != zlib.crc32(head[: _HEAD.size]):
        return None
    return int(_HEAD.unpack_from(head)[0])


def can_be_torn(rest: bytes) -> bool:
    """Tell whether a damaged frame, with all that follows it, can be a last write cut short by a crash."""
    length = length_of(rest)
    if length is not None:
        return HEAD_BYTES + length >= len(rest)
    return len(rest) < HEAD_BYTES or not any(rest)
