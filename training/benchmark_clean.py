"""What honest markets cost: alerts a symbol-hour on simulated tapes in which nothing was planted."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.table import Table
from scipy.stats import chi2

from features.readers import read_dataset
from models.alert import Alert, Category
from models.bundle import Bundle
from models.parameters import Parameters
from models.rules import build_rules
from training.alerts import alerts_of
from training.markets import MarketTape, Progress, fold_dataset
from training.simulator import simulate

MANIPULATION: Category = "manipulation"
ALLOWED = 0.05
"""Manipulation alerts a symbol-hour that a clean simulated market may cost."""
_INTERVAL = 0.95
_WIDTH = 80


@dataclass(frozen=True)
class FalseAlert:
    """An alert on a market where nothing was planted, and why it was raised.

    Attributes:
        judge: What raised it: "rules", or the version of a bundle.
        seed: Seed of the tape.
        symbol: Symbol.
        typology: What it claims.
        category: Class of the pattern.
        confidence: Its confidence.
        detected_at: When it opened, ns.
        accounts: Whom it names.
        says: What its evidence says.
    """

    judge: str
    seed: int
    symbol: str
    typology: str
    category: Category
    confidence: float
    detected_at: int
    accounts: tuple[str, ...]
    says: tuple[str, ...]


@dataclass(frozen=True)
class Clean:
    """What came of clean tapes.

    Attributes:
        judges: The rules alone, then the bundle if there was one.
        seeds: Seeds of the tapes.
        symbol_hours: Market hours over all tapes.
        alerts: Every alert of every judge.
    """

    judges: tuple[str, ...]
    seeds: tuple[int, ...]
    symbol_hours: float
    alerts: tuple[FalseAlert, ...]

    def count(self, judge: str, category: str, typology: str | None = None) -> int:
        """Return the number of alerts of one judge in one category, or of one typology of it."""
        of_judge = (one for one in self.alerts if (one.judge, one.category) == (judge, category))
        return sum(typology in (None, one.typology) for one in of_judge)

    def patterns(self) -> list[tuple[str, str]]:
        """Return category and typology of every rule, and of what was raised besides."""
        rules: set[tuple[str, str]] = {(rule.category, rule.typology) for rule in build_rules(Parameters())}
        return sorted(rules | {(one.category, one.typology) for one in self.alerts})

    def figures(self) -> dict[str, Any]:
        """Return all figures, and the manipulation alerts one by one, in JSON types."""
        rates = {}
        for judge in self.judges:
            number = self.count(judge, MANIPULATION)
            low, high = poisson_interval(number)
            interval = [low / self.symbol_hours, high / self.symbol_hours]
            by_typology = {typology: self.count(judge, category, typology) for category, typology in self.patterns()}
            rate = {"alerts": number, "per_symbol_hour": number / self.symbol_hours, "interval": interval}
            rates[judge] = rate | {"by_typology": by_typology}
        named = [asdict(one) for one in self.alerts if one.category == MANIPULATION]
        found = {"seeds": self.seeds, "symbol_hours": self.symbol_hours, "allowed_per_symbol_hour": ALLOWED}
        return {**found, "manipulation": rates, "manipulation_alerts": named}


def benchmark(
    seeds: Sequence[int],
    parameters: Parameters,
    bundle: Bundle | None,
    *,
    symbols: int = 6,
    hours: float = 6.0,
    venues: int = 1,
    books: bool = False,
    progress: Progress | None = None,
) -> Clean:
    """Simulate clean tapes and return the alerts on them.

    Args:
        seeds: Seed of each tape.
        parameters: What rules and alerts are set to.
        bundle: The learned detectors, judged beside the rules alone; None leaves them out.
        symbols: Markets a tape.
        hours: Length of each tape.
        venues: Venues that list each symbol; the hours of each are counted.
        books: Whether the tapes have books.
        progress: Called with (tapes done, tapes in all).

    Raises:
        ParameterError: The simulator refuses an argument.
    """
    judges: dict[str, Bundle | None] = {"rules": None} | ({bundle.version: bundle} if bundle else {})
    symbol_hours, alerts = 0.0, []
    for done, seed in enumerate(seeds, start=1):
        markets = clean_markets(seed, symbols, hours, parameters, venues=venues, books=books)
        symbol_hours += sum(market.hours for market in markets)
        for name, judge in judges.items():
            alerts += [_false_alert(name, seed, alert) for alert in _alerts(markets, parameters, judge)]
        if progress:
            progress(done, len(seeds))
    return Clean(tuple(judges), tuple(seeds), symbol_hours, tuple(alerts))


def clean_markets(
    seed: int, symbols: int, hours: float, parameters: Parameters, *, venues: int = 1, books: bool = False
) -> list[MarketTape]:
    """Return the markets of a tape on which nothing was planted; news, executors and hedgers are still there."""
    with tempfile.TemporaryDirectory() as folder:
        tapes = Path(folder) / "clean"
        path = simulate(tapes, symbols=symbols, hours=hours, seed=seed, abuse_rate=0.0, venues=venues, books=books)
        return fold_dataset(read_dataset(path), parameters)


def _alerts(markets: Sequence[MarketTape], parameters: Parameters, bundle: Bundle | None) -> Iterator[Alert]:
    for raised in alerts_of(markets, parameters, bundle):
        yield from raised.last


def _false_alert(judge: str, seed: int, alert: Alert) -> FalseAlert:
    says = tuple(figure.says for part in alert.findings for figure in part.evidence)
    what = (alert.symbol, alert.typology, alert.category, alert.confidence, alert.detected_at, alert.accounts)
    return FalseAlert(judge, seed, *what, says)


def poisson_interval(count: int) -> tuple[float, float]:
    """Return the exact 95 % interval of the mean behind a count (Garwood 1936).

    Example:
        >>> poisson_interval(0)
        (0.0, 3.69)
    """
    tail = (1.0 - _INTERVAL) / 2.0
    low = float(chi2.ppf(tail, 2 * count)) / 2.0 if count else 0.0
    return low, float(chi2.ppf(1.0 - tail, 2 * count + 2)) / 2.0


def table_of(result: Clean) -> Table:
    """Return alerts, and alerts a symbol-hour, by rule, a column for each judge, within 80 columns."""
    hours, seeds = result.symbol_hours, ", ".join(map(str, result.seeds))
    title = f"Alerts, and alerts a symbol-hour: {hours:.0f} clean symbol-hours, seeds {seeds}"
    table = Table(title=title, box=None, title_justify="left", pad_edge=False, caption_justify="left")
    table.min_width = _WIDTH
    for name in ("category", "typology"):
        table.add_column(name, no_wrap=True)
    for judge in result.judges:
        table.add_column(judge, justify="right")
    for category, typology in result.patterns():
        counts = [result.count(judge, category, typology) for judge in result.judges]
        table.add_row(category, typology, *(f"{n}  {n / hours:.3f}" for n in counts))
    table.caption = "\n".join(_said(judge, result.count(judge, MANIPULATION), hours) for judge in result.judges)
    return table


def _said(judge: str, count: int, hours: float) -> str:
    low, high = poisson_interval(count)
    verdict = "below" if count / hours < ALLOWED else "not below"
    interval = f"{count / hours:.3f} [{low / hours:.3f}, {high / hours:.3f}]"
    return f"{judge}: {interval} manipulation alerts a symbol-hour: {verdict} {ALLOWED}"
