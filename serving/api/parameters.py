"""Parameters over HTTP: what is in force, who adopted it and why, and what others would have raised."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter
from pydantic import TypeAdapter

from models.parameter_changes import Change, changed, changes
from serving.api.parameter_records import (
    AdoptBody,
    AdoptedRecord,
    ChangeRecord,
    HistoryRecord,
    ParametersRecord,
    VersionRecord,
    WhatIfBody,
    WhatIfRecord,
)
from serving.api.problems import ADOPT, JOB, UNREADY
from serving.api.services import ServicesOf
from serving.whatif import path_below, replay

router = APIRouter(prefix="/v1/parameters", tags=["parameters"])
TAKES_EFFECT = "at the next start of the engine"
_CHANGES = TypeAdapter(list[ChangeRecord])


@router.get("", responses=UNREADY, summary="The parameters in force")
def get_parameters(services: ServicesOf) -> ParametersRecord:
    """Return every value with its meaning and source. What is adopted takes effect at the engine's next start."""
    return ParametersRecord.of(services.parameters.in_force(), services.scorer.parameters)


@router.put("", responses=ADOPT, summary="Adopt parameters")
def put_parameters(body: AdoptBody, services: ServicesOf) -> AdoptedRecord:
    """Set values anew, all of them or none, and record who and why.

    They are in force for `scan` at once, for the engine at its next start.
    """
    before = services.parameters.in_force()
    adopted = services.parameters.adopt(body.parameters, by=body.by, why=body.why, at=services.clock())
    listed = _records(changes(before, adopted.parameters))
    return AdoptedRecord(adopted=VersionRecord.of(adopted), changes=listed, takes_effect=TAKES_EFFECT)


@router.get("/history", responses=UNREADY, summary="Every adopted version")
def list_versions(services: ServicesOf) -> HistoryRecord:
    """Return who adopted what, when and why, the newest first, each with all its values."""
    return HistoryRecord(versions=[VersionRecord.of(one) for one in services.parameters.all()])


@router.post("/whatif", response_model_exclude_unset=True, responses=JOB, summary="What other values would have raised")
def post_whatif(body: WhatIfBody, services: ServicesOf) -> WhatIfRecord:
    """Replay recorded tapes under the parameters in force and under changed ones; nothing is adopted.

    Over a dataset below TAPEWATCH_HOME, whose stored features answer in seconds, or over what the engine's journal
    still holds. It runs in a process of its own, one request at a time.
    """
    present = services.parameters.in_force()
    asked = changed(present, body.parameters)
    path = path_below(services.settings, body.dataset)
    options = {"rules_only": body.rules_only, "details": body.details}
    return WhatIfRecord.model_validate(
        services.jobs.run(partial(replay, services.settings, path, present, asked, **options))
    )


def _records(found: tuple[Change, ...]) -> list[ChangeRecord]:
    return _CHANGES.validate_python([vars(one) for one in found])
