"""`tapewatch replay`: sends a recorded tape through the running service."""

from __future__ import annotations

import math
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from features.errors import TapewatchError
from serving.commands.terminal import Home, bar, say, settings_of

if TYPE_CHECKING:
    from features.readers import Tape
    from serving.service_api import ServiceApi

_PIECE_S = 0.25


def replay(
    tape: Annotated[Path, typer.Argument(help="Tape: a file or a folder.")],
    speed: Annotated[float, typer.Option(help="Multiple of its own pace; 0 is as fast as it is taken.", min=0)] = 1.0,
    as_now: Annotated[bool, typer.Option("--as-now", help="As if it began now, not when it was recorded.")] = False,
    source: Annotated[str | None, typer.Option(help="Name of the sender; replay and the tape's name.")] = None,
    home: Home = None,
) -> None:
    """Send a tape through the running service at its own pace, or faster.

    The alerts are those of `tapewatch scan`. A market whose time has passed the
    tape's takes nothing of it: --as-now, or a fresh home, helps.
    """
    from features.readers import read_tape
    from serving.replaying import in_time_order, shifted, span_of
    from serving.service_api import running_service

    settings = settings_of(home)
    recorded = in_time_order(read_tape(tape))
    service = running_service(settings)
    if service is None:
        raise TapewatchError(f"a service of {settings.home} must run; `tapewatch serve` starts one")
    first, last = span_of(recorded)
    if as_now:
        ahead_s = (last - first) / 1e9 * (1 - 1 / speed) if speed else (last - first) / 1e9
        if ahead_s > settings.max_ahead_s:
            rule = f"--speed must keep events within {settings.max_ahead_s:g} s of the clock (TAPEWATCH_MAX_AHEAD_S)"
            raise TapewatchError(f"{rule}, was {speed:g}, which is {ahead_s:.0f} s ahead at the tape's end")
        recorded = shifted(recorded, time.time_ns() - first)
    before = service.ask("GET", "/v1/alerts/summary")["total_alerts"]
    lateness_ns = round(settings.parameters().events.allowed_lateness_s * 1e9)
    taken = _send(recorded, service, speed or math.inf, source or f"replay {recorded.name}", lateness_ns)
    alerts = service.ask("GET", "/v1/alerts/summary")["total_alerts"] - before
    refused = (
        f", {taken['duplicates']:,} known already, {taken['late']:,} too late"
        if taken["accepted"] < len(recorded)
        else ""
    )
    say(f"{taken['accepted']:,} events taken{refused}; {alerts:,} new alerts, see {service.url}/v1/alerts")


def _send(tape: Tape, service: ServiceApi, speed: float, source: str, lateness_ns: int) -> dict[str, int]:
    from features.time_units import MINUTE_NS
    from serving.replaying import markets_of, paced, pieces, span_of
    from serving.times import iso

    run, taken, done = uuid.uuid4().hex, {"accepted": 0, "duplicates": 0, "late": 0}, 0
    first, last = span_of(tape)
    span_ns = max(1, int(min(lateness_ns / 2, _PIECE_S * speed * 1e9)))
    if tape.accounts is not None:
        service.send({"accounts": tape.accounts.to_pylist()}, f"{run} accounts", {"source": source})
    with bar("replaying") as report:
        for piece in paced(pieces(tape, span_ns), first, speed, time.monotonic, time.sleep):
            for part, table in piece.tables.items():
                named = table.replace_schema_metadata({"table": part})
                answer = service.send(named, f"{run} {part} {piece.end_ns}", {"source": source})
                taken = {name: count + answer[name] for name, count in taken.items()}
            done += piece.rows
            report(done, len(tape))
        # Buckets close with time, and no event follows that would let it pass.
        until = (last // MINUTE_NS + 1) * MINUTE_NS
        for begin in range(0, len(markets := markets_of(tape)), 100):
            named = [f"{venue}:{symbol}" for venue, symbol in markets[begin : begin + 100]]
            service.send({}, f"{run} end {begin}", {"source": source, "watermark": iso(until), "market": named})
    return taken
