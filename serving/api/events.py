"""Events over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from fastapi import APIRouter, Header, Query
from fastapi.responses import Response

from features.canary import is_canary
from serving.api.alert_records import Name
from serving.api.event_bodies import JSON, posted, refuse_canaries, refuse_future
from serving.api.openapi import EVENTS_BODY, answered
from serving.api.problems import EVENTS
from serving.api.services import Body, ServicesOf
from serving.engine.wire import TABLES, batch_of
from serving.errors import RequestError
from serving.times import nanoseconds

router = APIRouter(prefix="/v1", tags=["events"])


class Taken(msgspec.Struct, frozen=True):
    """The events are on disk.

    Attributes:
        accepted: Events that are new and in time.
        duplicates: Events whose identity was known, or came twice in this body; left aside.
        late: Events behind their market's watermark; counted, not judged.
        notes: What was assumed or left aside.
    """

    accepted: int
    duplicates: int
    late: int
    notes: tuple[str, ...] = ()


@router.post(
    "/events",
    responses={**EVENTS, **answered("What became of the events.", Taken)},
    openapi_extra=EVENTS_BODY,
    summary="Send events",
    response_class=Response,
)
def post_events(
    body: Body,
    services: ServicesOf,
    content_type: Annotated[str, Header(include_in_schema=False)] = "",
    idempotency_key: Annotated[
        Name | None, Header(description="Key of this batch: rows without `event_id` are told apart by key and row.")
    ] = None,
    source: Annotated[Name, Query(description="Name of the sender; its event ids are its own.")] = "api",
    watermark: Annotated[
        datetime | None, Query(description="No event before this time will follow: closes what is open up to there.")
    ] = None,
    market: Annotated[
        list[Name] | None, Query(description="What the watermark is for, as venue:symbol; all markets if left out.")
    ] = None,
) -> Response:
    """Take order messages, trades and book levels, all or none of them; the answer comes when they are on disk.

    Sending again is safe for rows with an `event_id`, and for a whole batch with an `Idempotency-Key`. Rows
    of equal content without either are events of their own. Rows are checked as files are, see the schemas.
    """
    if is_canary(source):
        raise RequestError("source", "another name; this one is the service's own", source)
    sent = posted(body, content_type, services.scorer.lots)
    refuse_canaries(sent.tape)
    tables = {name: table for name in TABLES if (table := getattr(sent.tape, name)) is not None}
    until = None if watermark is None else nanoseconds(watermark)
    refuse_future(sent.tape, until, services.clock() + int(services.settings.max_ahead_s * 1e9))
    named = None if market is None else [_market(text) for text in market]
    ack = services.engine.submit(batch_of(tables, source=source, key=idempotency_key, watermark=until, markets=named))
    answer = Taken(ack.accepted, ack.duplicates + sent.repeated, ack.late, sent.tape.notes)
    for outcome in ("accepted", "duplicates", "late"):
        services.metrics.events.labels(outcome).inc(getattr(answer, outcome))
    return Response(msgspec.json.encode(answer), media_type=JSON)


def _market(text: str) -> tuple[str, str]:
    venue, colon, symbol = text.partition(":")
    if not (venue and colon and symbol):
        raise RequestError("market", "a venue and a symbol with a colon between, such as binance:BTC/USDT", text)
    if is_canary(venue):
        raise RequestError("market", "of another venue; this one is the service's own", text)
    return venue, symbol
