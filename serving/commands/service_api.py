"""How commands ask a running service."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from features.errors import TapewatchError
from serving.found_at import address_of
from serving.settings import Settings

TIMEOUT_S = 30.0
AGAIN_S = 0.5


class SilentServiceError(TapewatchError):
    """The service does not answer."""


class ServiceApi:
    """A service's API.

    Attributes:
        url: Where it listens.
    """

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401 - JSON
        """Return what the service answers.

        Raises:
            SilentServiceError: It does not answer.
            TapewatchError: It refuses; the text is its own.
        """
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=TIMEOUT_S)
        try:
            content = None if body is None else json.dumps(body)
            connection.request(method, path, content, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            told = json.loads(answer.read() or b"null")
        except (OSError, http.client.HTTPException) as error:
            raise SilentServiceError(f"the service at {self.url} must answer: {error}") from error
        finally:
            connection.close()
        if answer.status >= 400:
            raise TapewatchError(str(told["detail"]))
        return told


def running_service(settings: Settings) -> ServiceApi | None:
    """Return the service that runs for this home, None where none does."""
    url = address_of(settings)
    if url is None:
        return None
    service = ServiceApi(url)
    try:
        service.ask("GET", "/health/live")
    except SilentServiceError:
        return None
    return service


def awaited_service(settings: Settings, done: threading.Event) -> ServiceApi | None:
    """Return the service of this home once it answers; None if that is not to be waited for any more."""
    while not done.wait(AGAIN_S):
        service = running_service(settings)
        if service is not None:
            return service
    return None
