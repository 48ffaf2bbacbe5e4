"""Scores over HTTP."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Header
from fastapi.responses import Response

from features.readers import Tape
from serving.api.event_bodies import JSON, refuse_media_type
from serving.api.openapi import SCORE_BODY, answered
from serving.api.problems import BODY
from serving.api.score_bodies import Scored, answer_of, window_of
from serving.api.services import Body, ServicesOf

router = APIRouter(prefix="/v1", tags=["score"])


@router.post(
    "/score",
    responses={**BODY, **answered("Features, findings and patterns.", Scored)},
    openapi_extra=SCORE_BODY,
    summary="Score a window",
    response_class=Response,
)
def score_window(
    body: Body, services: ServicesOf, content_type: Annotated[str, Header(include_in_schema=False)] = ""
) -> Response:
    """Judge one window of one market, keeping nothing.

    Either events (`trades`, `orders`, `accounts`), or a window told by its totals. Without events, spoofing and
    concentration are judged from the cancellation rate and the largest share, with less confidence.
    """
    refuse_media_type(content_type, (JSON,))
    window = window_of(body)
    if isinstance(window, Tape):
        answer = answer_of(services.scorer.of_events(window), window.notes)
    else:
        answer = answer_of(services.scorer.of_totals(window), ())
    return Response(msgspec.json.encode(answer), media_type=JSON)
