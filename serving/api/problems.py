"""Errors as RFC 9457 problem details. This is the only module that knows status codes."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from features.errors import SchemaError, StoreError, TapeError, TapewatchError
from features.validation import RefusedRowsError
from models.toml_tables import RefusedParametersError
from serving.errors import (
    AlertNotFoundError,
    CanaryWaitsError,
    EngineBusyError,
    EngineFailedError,
    EngineUnavailableError,
    FeedsUnavailableError,
    JobFailedError,
    JobRefusedError,
    JobUnavailableError,
    LifeCycleError,
    NotMonitoredError,
    RequestError,
    StoreUnreachableError,
    SymbolNotFoundError,
)

MEDIA_TYPE = "application/problem+json"
TITLES = {
    400: "The request cannot be read",
    404: "There is no such thing",
    405: "This method is not for this address",
    409: "This is not allowed as things stand",
    413: "The request body is too large",
    415: "The content type is not one that is read here",
    422: "The request breaks a rule",
    429: "There is more to do than is taken on; send it again later",
    500: "Tapewatch failed",
    503: "A part of Tapewatch does not answer; try again",
}
_STATUS: dict[type[TapewatchError], int] = {
    AlertNotFoundError: 404,
    SymbolNotFoundError: 404,
    LifeCycleError: 409,
    RequestError: 422,
    RefusedParametersError: 422,
    TapeError: 422,
    JobRefusedError: 422,
    JobUnavailableError: 503,
    JobFailedError: 500,
    EngineBusyError: 429,
    EngineUnavailableError: 503,
    StoreUnreachableError: 503,
    FeedsUnavailableError: 503,
    NotMonitoredError: 404,
    CanaryWaitsError: 409,
    EngineFailedError: 500,
    StoreError: 500,
    TapewatchError: 500,
}
_RETRY_AFTER_S = "1"
_SHOWN = 200
log = structlog.get_logger(__name__)


class FieldProblem(BaseModel):
    """One field that breaks a rule."""

    field: str = Field(description="Path of the field in the request.", examples=["trades[3].price"])
    rule: str = Field(description="What it must be.", examples=["must be a finite number > 0"])
    was: str | None = Field(default=None, description="What was there, shortened; null: nothing.", examples=["-1"])


class Problem(BaseModel):
    """RFC 9457 problem details."""

    model_config = ConfigDict(title="Problem")

    type: str = Field(examples=["urn:tapewatch:problem:422"], description="Names the kind of problem.")
    title: str = Field(examples=[TITLES[422]], description="The kind of problem in words.")
    status: int = Field(examples=[422], description="The HTTP status code.")
    detail: str = Field(description="What is wrong with this request.")
    instance: str = Field(examples=["/v1/events"], description="Path of the request.")
    errors: list[FieldProblem] = Field(default=[], description="Fields at fault; may be the first few only.")


class UnsupportedMediaError(RequestError):
    """The content type is not one that is read here."""


class TooLargeError(HTTPException):
    """The request body is larger than allowed; an HTTP exception, so that frameworks let it pass."""

    def __init__(self, most: int) -> None:
        super().__init__(413, f"the request body must be at most {most} bytes")


_STATUS[UnsupportedMediaError] = 415


def install(app: FastAPI) -> None:
    """Make every error of the application a problem."""
    app.add_exception_handler(TapewatchError, _ours)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(Exception, _unexpected)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI descriptions of these problems and of those that every route can have."""
    schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {code: {"description": TITLES[code], "content": {MEDIA_TYPE: schema}} for code in (*statuses, 500)}


def schema() -> dict[str, Any]:
    """Return the JSON schema of a problem, whole."""
    whole = Problem.model_json_schema()
    whole["properties"]["errors"]["items"] = whole.pop("$defs")["FieldProblem"]
    return whole


NOT_FOUND = documented(404, 422, 503)
TRIAGE = documented(404, 409, 413, 422, 503)
STORE = documented(422, 503)
UNREADY = documented(503)
ADOPT = documented(413, 422, 503)
JOB = documented(413, 422, 503)
EVENTS = documented(413, 415, 422, 429, 503)
BODY = documented(413, 415, 422, 503)
CANARY = documented(409, 413, 422, 503)
PLAIN = documented()


def problem(status: int, detail: str, instance: str, errors: Sequence[FieldProblem] = ()) -> Response:
    """Return a problem as a response."""
    body = Problem(
        type=f"urn:tapewatch:problem:{status}",
        title=TITLES.get(status, "The request failed"),
        status=status,
        detail=detail,
        instance=instance,
        errors=list(errors),
    )
    # Escaped to ASCII, because `was` may quote half a surrogate pair, which UTF-8 cannot hold.
    content = json.dumps(body.model_dump())
    headers = {"Retry-After": _RETRY_AFTER_S} if status == 503 else {}
    return Response(content, status, headers, MEDIA_TYPE)


def too_large(most: int, instance: str) -> Response:
    """Return the refusal of a body that announces itself as too large."""
    return problem(413, TooLargeError(most).detail, instance)


def _ours(request: Request, error: Exception) -> Response:
    status = next(_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS)
    if status >= 500:
        log.error("request.failed", path=request.url.path, why=str(error))
    answer = problem(status, str(error), request.url.path, _fields(error))
    if isinstance(error, EngineBusyError):
        answer.headers["Retry-After"] = str(math.ceil(error.retry_after_s))
    return answer


def _fields(error: Exception) -> list[FieldProblem]:
    if isinstance(error, RequestError):
        return [FieldProblem(field=error.field, rule=f"must be {error.must_be}", was=error.was)]
    if isinstance(error, RefusedParametersError):
        return [FieldProblem(field=f"parameters.{m.field}", rule=m.rule, was=m.was[:_SHOWN]) for m in error.mistakes]
    if isinstance(error, RefusedRowsError):
        return [
            FieldProblem(field=f"{_part(m.file)}[{m.row - 1}].{m.column}", rule=m.rule, was=m.value)
            for m in error.mistakes
        ]
    if isinstance(error, SchemaError):
        first, _, rest = str(error).partition(": columns ")
        return [FieldProblem(field=_part(first), rule=" ".join(f"columns {rest}".split()))] if rest else []
    return []


def _part(origin: str) -> str:
    return origin.rpartition(": ")[2]


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it
    details = {
        400: "body must be JSON in UTF-8, not nested deeply",
        404: f"there must be something at {request.url.path}; see /docs",
        405: f"{request.method} must be a method of {request.url.path}; see /docs",
    }
    answer = problem(error.status_code, details.get(error.status_code, str(error.detail)), request.url.path)
    answer.headers.update(error.headers or {})
    return answer


def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for it
    fields = [_field(mistake) for mistake in error.errors()]
    detail = "; ".join(f"{field.field} {field.rule}" + _told(field.was) for field in fields)
    return problem(422, detail, request.url.path, fields)


def _told(was: str | None) -> str:
    return "" if was is None else f", was {was}"


def _field(mistake: Mapping[str, Any]) -> FieldProblem:
    place = [str(step) for step in mistake["loc"][1:]] or ["body"]
    fixed = {"missing": "must be given", "extra_forbidden": "must be left out"}
    if mistake["type"] in fixed:
        return FieldProblem(field=".".join(place), rule=fixed[mistake["type"]])
    if mistake["type"] == "json_invalid":
        return FieldProblem(field="body", rule=f"must be JSON ({mistake['ctx']['error']})")
    rule = str(mistake["msg"]).replace("Input should be", "must be").replace("String should", "must")
    return FieldProblem(field=".".join(place), rule=rule, was=str(mistake.get("input"))[:_SHOWN])


def _unexpected(request: Request, error: Exception) -> Response:
    log.error("request.unexpected_error", path=request.url.path, error=repr(error), exc_info=error)
    return problem(500, "Tapewatch must not fail like this; its log has the cause", request.url.path)
