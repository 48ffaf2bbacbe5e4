"""How commands ask a running service."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

import pyarrow as pa

from features.errors import TapewatchError
from features.json_values import json_text
from serving.found_at import address_of
from serving.settings import Settings

TIMEOUT_S = 30.0
AGAIN_S = 0.5
MOST_TRIES = 600


class SilentServiceError(TapewatchError):
    """The service does not answer."""


class BusyServiceError(TapewatchError):
    """The service will take this later.

    Attributes:
        retry_after_s: After how many seconds to send it again.
    """

    def __init__(self, says: str, retry_after_s: float) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(says)


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
            BusyServiceError: It will take this later.
            TapewatchError: It refuses; the text is its own.
        """
        content = None if body is None else json_text(body).encode()
        return self._ask(method, path, content, {"Content-Type": "application/json"})

    def send(
        self,
        events: pa.Table | Mapping[str, Any],
        key: str,
        query: Mapping[str, str | list[str]],
        sleep: Callable[[float], None] = time.sleep,
    ) -> dict[str, int]:
        """Send events, again for as long as the service is busy or silent for a moment; return what became of them.

        Args:
            events: One table of events, or JSON types, as `POST /v1/events` reads them.
            key: Key by which the service tells when the same comes again.
            query: Parameters of the request.
            sleep: Waits so many seconds.
        """
        content, media_type = _packed(events)
        path, headers = (
            f"/v1/events?{urlencode(query, doseq=True)}",
            {"Idempotency-Key": key, "Content-Type": media_type},
        )
        for _ in range(MOST_TRIES):
            try:
                answer: dict[str, int] = self._ask("POST", path, content, headers)
            except BusyServiceError as error:
                sleep(error.retry_after_s)
            except SilentServiceError:
                sleep(AGAIN_S)
            else:
                return answer
        raise SilentServiceError(f"the service at {self.url} must take events, was busy or silent {MOST_TRIES} times")

    def _ask(self, method: str, path: str, content: bytes | None, headers: Mapping[str, str]) -> Any:  # noqa: ANN401
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=TIMEOUT_S)
        try:
            connection.request(method, path, content, dict(headers))
            answer = connection.getresponse()
            told = json.loads(answer.read() or b"null")
        except (OSError, http.client.HTTPException) as error:
            raise SilentServiceError(f"the service at {self.url} must answer: {error}") from error
        finally:
            connection.close()
        if answer.status in {429, 503} and (retry_after := answer.headers.get("Retry-After")):
            raise BusyServiceError(str(told["detail"]), float(retry_after))
        if answer.status >= 400:
            raise TapewatchError(str(told["detail"]))
        return told


def _packed(events: pa.Table | Mapping[str, Any]) -> tuple[bytes, str]:
    if isinstance(events, Mapping):
        return json.dumps(events).encode(), "application/json"
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, events.schema) as writer:
        writer.write_table(events)
    return sink.getvalue().to_pybytes(), "application/vnd.apache.arrow.stream"


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
