"""Settings of the service, from arguments, environment (`TAPEWATCH_…`) and defaults, in this order."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from models.parameters import Parameters, load_parameters


class Settings(BaseSettings):
    """Where the service keeps its state and how it listens; every field is also `TAPEWATCH_<NAME>`.

    Attributes:
        home: Folder of all state.
        database_url: SQLAlchemy URL of the alert store; None is SQLite under `home`.
        host: Address to listen on.
        port: Port to listen on; 0 takes a free one.
        max_body_bytes: Largest request body that is read.
        max_ahead_s: How far ahead of the clock an event may be; one from the far future would shut its market.
        engine_timeout_s: How long a request waits for the engine.
        job_timeout_s: How long a request waits for a job, such as a what-if.
        queue_bytes: Bytes of batches that may wait for the engine; who would add to them is told when to come back.
        queue_batches: Batches that may wait for it.
        remember_s: Event time over which event ids are remembered, at least the allowed lateness.
        remember_ids: Event ids that are remembered in any case.
        snapshot_events: Events after which the engine's state is written.
        snapshot_s: Seconds after which it is written, if anything came.
        segment_bytes: Size at which a new journal segment begins.
        keep_segments: Journal segments kept from before the last snapshot.
        stale_times: Times its usual pace (before that is known, its interval) after which a silent feed is stale.
        stale_least_s: Seconds of silence that no feed is called stale for.
        failing_retries: Failures in a row from which a feed is called failing.
        gap_held_s: Seconds for which a hole that could not be filled is an alarm.
        clock_jump_s: Seconds by which the wall clock may move otherwise than time.
        silence_chance: Chance below which a time without alerts is an alarm.
        silence_days: Days of alerts that this chance is taken from.
        canary_s: Seconds between two rounds of canaries, 0 for none; below 800 some rounds must be left out.
        canary_within_s: Seconds within which a canary's alert must be stored.
    """

    model_config = SettingsConfigDict(env_prefix="TAPEWATCH_", extra="ignore", frozen=True)

    home: Path = Field(default=Path("~/.tapewatch"), validate_default=True)
    database_url: str | None = None
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    max_body_bytes: int = Field(default=64 * 2**20, ge=1024)
    max_ahead_s: float = Field(default=86_400.0, ge=0)
    engine_timeout_s: float = Field(default=30.0, gt=0)
    job_timeout_s: float = Field(default=300.0, gt=0)
    queue_bytes: int = Field(default=64 * 2**20, ge=1024)
    queue_batches: int = Field(default=24, ge=1)
    remember_s: float = Field(default=3600.0, gt=0)
    remember_ids: int = Field(default=200_000, ge=0)
    snapshot_events: int = Field(default=200_000, ge=1)
    snapshot_s: float = Field(default=60.0, gt=0)
    segment_bytes: int = Field(default=64 * 2**20, ge=1024)
    keep_segments: int = Field(default=16, ge=0)
    stale_times: float = Field(default=3.0, gt=1)
    stale_least_s: float = Field(default=60.0, gt=0)
    failing_retries: int = Field(default=3, ge=1)
    gap_held_s: float = Field(default=3600.0, gt=0)
    clock_jump_s: float = Field(default=5.0, gt=0)
    silence_chance: float = Field(default=1e-3, gt=0, lt=1)
    silence_days: float = Field(default=30.0, ge=1)
    canary_s: float = Field(default=3600.0, ge=0)
    canary_within_s: float = Field(default=60.0, gt=0)

    @field_validator("home")
    @classmethod
    def _absolute(cls, home: Path) -> Path:
        return home.expanduser().absolute()

    @property
    def store_url(self) -> str:
        """URL of the alert store; a plain `postgresql://` gets the driver that is installed."""
        if self.database_url is None:
            return f"sqlite:///{self.home / 'alerts.db'}"
        scheme, _, rest = self.database_url.partition("://")
        return f"postgresql+psycopg://{rest}" if scheme in {"postgres", "postgresql"} else self.database_url

    @property
    def journal(self) -> Path:
        """Folder of the engine's journal and snapshot."""
        return self.home / "journal"

    @property
    def parameters_file(self) -> Path:
        """TOML file of the detectors' parameters; may be absent."""
        return self.home / "parameters.toml"

    def parameters(self, file: Path | None = None) -> Parameters:
        """Return the parameters in force: of a file, else of the home's, else the defaults.

        Raises:
            ParameterError: They have mistakes; all are told.
        """
        own = self.parameters_file
        return load_parameters(file or (own if own.exists() else None))

    @property
    def champion_file(self) -> Path:
        """Text file that holds the digest of the promoted bundle; absent without one."""
        return self.home / "champion"

    @property
    def challenger_file(self) -> Path:
        """Text file that holds the digest of the bundle that is shadowed; absent without one."""
        return self.home / "challenger"

    @property
    def shadow_file(self) -> Path:
        """JSON lines of what champion and challenger raised."""
        return self.home / "shadow.jsonl"

    @property
    def watchlist_file(self) -> Path:
        """JSON list of the markets that are monitored."""
        return self.home / "monitoring.json"

    @property
    def latest_trades_file(self) -> Path:
        """JSON list of the newest trades of monitored markets."""
        return self.home / "latest_trades.json"

    @property
    def alarms_file(self) -> Path:
        """JSON lines of alarms that opened and closed."""
        return self.home / "alarms.jsonl"

    @property
    def canaries_file(self) -> Path:
        """JSON of the canaries that were sent, and how they went."""
        return self.home / "canaries.json"

    @property
    def canary_alerts_file(self) -> Path:
        """JSON lines of the alerts that canaries raised, which are in no alert store."""
        return self.home / "canary_alerts.jsonl"

    @property
    def address_file(self) -> Path:
        """JSON that says where the running service of this home listens; absent where none runs."""
        return self.home / "service.json"

    def bundle_folder(self, digest: str) -> Path:
        """Return the folder of one cached bundle."""
        return self.home / "bundles" / digest
