"""Parameters at the edge: what goes out and what comes in."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from models.parameter_changes import settings_in
from models.parameters import Parameters
from serving.api.alert_records import Name, Time
from serving.parameters import Adopted
from serving.times import iso

Why = Annotated[str, StringConstraints(min_length=1, max_length=10_000, pattern=r"^[^\x00]*[^\s\x00][^\x00]*$")]
Who = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]*[^\s\x00][^\x00]*$")]
Tables = Annotated[
    dict[str, Any],
    Field(
        description="Tables of values, whole or in part; what is not named stays as it is in force.",
        examples=[{"spoofing": {"minimum_surprise": 6.0}, "alerts": {"confidence_threshold": 0.75}}],
    ),
]


class SettingRecord(BaseModel):
    """One parameter."""

    name: str = Field(examples=["spoofing.minimum_surprise"])
    value: Any = Field(examples=[6.0])
    default: Any = Field(examples=[5.0])
    meaning: str = Field(description="What it is, with its unit.")
    source: str = Field(description="Where the default comes from.")


class ParametersRecord(BaseModel):
    """The parameters in force."""

    version: str = Field(description="Version of what scan, and the engine at its next start, take.")
    running: str = Field(description="Version that the engine has been running with since its start.")
    tables: dict[str, Any] = Field(description="Every value by table, in the form that PUT takes.")
    parameters: list[SettingRecord] = Field(description="The same one by one, with meaning and source.")

    @classmethod
    def of(cls, parameters: Parameters, running: str) -> ParametersRecord:
        """Return the record of parameters."""
        listed = [SettingRecord(**vars(one)) for one in settings_in(parameters)]
        return cls(version=parameters.version(), running=running, tables=parameters.model_dump(), parameters=listed)


class VersionRecord(BaseModel):
    """One adopted version."""

    number: int = Field(description="1, 2, … in the order of adoption.")
    version: str = Field(description="Version of the values; the same values have the same one.")
    previous: str | None = Field(description="Version before; null: none was recorded.")
    at: Time
    by: str = Field(examples=["eve"])
    why: str = Field(examples=["fewer false alerts, agreed with compliance"])
    toml: str = Field(description="All values.")

    @classmethod
    def of(cls, adopted: Adopted) -> VersionRecord:
        """Return the record of an adopted version."""
        return cls(**(vars(adopted) | {"at": iso(adopted.at)}))


class HistoryRecord(BaseModel):
    """Every adopted version, the newest first."""

    versions: list[VersionRecord]


class ChangeRecord(BaseModel):
    """One parameter that two sets have at different values."""

    name: str
    before: Any
    after: Any


class AdoptBody(BaseModel):
    """New values, and who wants them and why."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"by": "eve", "why": "too many false alerts", "parameters": {"spoofing": {"minimum_surprise": 6.0}}}
            ]
        },
    )

    by: Who = Field(description="Who adopts them; kept in the history.")
    why: Why = Field(description="Why; kept in the history.")
    parameters: Tables


class AdoptedRecord(BaseModel):
    """What was adopted."""

    adopted: VersionRecord
    changes: list[ChangeRecord]
    takes_effect: str = Field(examples=["at the next start of the engine"])


class WhatIfBody(BaseModel):
    """What to change, and over what."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"parameters": {"alerts": {"confidence_threshold": 0.6}}}]}
    )

    parameters: Tables
    dataset: Name | None = Field(
        default=None,
        description="Path of a dataset or tape below TAPEWATCH_HOME; null: what the engine's journal still holds.",
        examples=["demo/dataset"],
    )
    rules_only: bool = Field(default=False, description="Leave the champion model out.")
    details: bool = Field(default=False, description="List the alerts gained and lost.")


class BeforeAfter(BaseModel):
    """A figure under the parameters in force and under the changed ones; null: it cannot be measured."""

    before: float | None
    after: float | None


class Versions(BaseModel):
    """Versions of the two sets."""

    before: str
    after: str


class TypologyRecord(BaseModel):
    """What becomes of one typology's alerts; truths only where it is labelled, and of what analysts have judged."""

    typology: str = Field(description="`all`: all together.")
    before: int
    after: int
    gained: int
    lost: int
    changed: int = Field(description="Alerts of both that open, end or are held otherwise.")
    true_gained: int | None = None
    false_gained: int | None = None
    true_lost: int | None = None
    false_lost: int | None = None
    recall: BeforeAfter | None = None
    precision: BeforeAfter | None = None


class MovedRecord(BaseModel):
    """An alert that was gained or lost."""

    alert_id: str
    tape: str
    typology: str
    venue: str
    symbol: str
    accounts: list[str]
    detected_at: Time
    confidence: float
    true: bool | None = Field(default=None, description="Whether the labels confirm it; null: nobody has judged it.")


class WhatIfRecord(BaseModel):
    """Alerts under the parameters in force and under the changed ones."""

    version: Versions
    model_version: str
    refolded: list[str] = Field(description="Changed parameters that the fold reads: the tapes were folded again.")
    changes: list[ChangeRecord]
    days: float = Field(description="Time that the tapes cover; moments that several cover count once.")
    markets: int
    labelled: bool
    alerts_a_day: BeforeAfter
    typologies: list[TypologyRecord]
    gained: list[MovedRecord] | None = None
    lost: list[MovedRecord] | None = None
