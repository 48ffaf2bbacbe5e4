"""How well detectors do on simulated tapes on which every typology was planted as often: `tapewatch benchmark`.

The main flow: `benchmark_tapes.tapes_of` makes the tapes, `benchmark` scans and matches them by the designed
definition of a hit, `false_alerts.explain` says what false alerts were raised on, `detector_tables` prints it all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from features.json_values import finite
from features.readers import read_dataset
from models.bundle import Bundle
from models.parameters import Parameters
from training.alerts import Raised, alerts_of
from training.benchmark_tapes import Placed, read_plan
from training.false_alerts import Around, Happening, attempts, explain, happenings, read_innocents
from training.hits import Matched, match
from training.markets import MarketTape, fold_dataset

Progress = Callable[[int, int], None]
RULES = "rules"
PROMPT_S = 60.0
"""Seconds after a pattern is complete within which it should have been detected."""
NOT_MANIPULATION = (
    "adv_outlier", "arbitrage", "concentrated_trading", "excessive_accumulation_others", "excessive_accumulation_own",
    "excessive_offloading_others", "excessive_offloading_own", "price_anomaly", "price_discrepancy", "timing_anomaly",
    "volume_spike",
)  # fmt: skip
"""Anomalies and behaviour; everything else that is planted is manipulation."""


@dataclass(frozen=True)
class Detected:
    """What came of the tapes.

    Attributes:
        judges: The rules alone, then the bundle if there was one.
        symbol_hours: Market hours over all tapes.
        planned: Episodes that were planned; some do not come about and have no label.
        episodes: One row a judge and episode, which on several venues has a label on each: `judge`, `tape`, `typology`,
            `symbol`, `accounts`, `severity`, `start_ns`, `end_ns`, `hit`, `delay_s` after its start, `after_s` after
            its end (negative: before), `accounts_right`, `planned` (number in the plan, -1: none).
        alerts: One row a judge and alert: `judge`, `tape`, `typology`, `category`, `symbol`, `accounts`,
            `window_start`, `window_end`, `detected_at`, `confidence`, `hits`, `false`, `raised_on`, `says`.
    """

    judges: tuple[str, ...]
    symbol_hours: float
    planned: int
    episodes: pd.DataFrame
    alerts: pd.DataFrame

    def by_typology(self, judge: str) -> pd.DataFrame:
        """Return a row a typology, each name for itself.

        Returns:
            Index `typology`; columns `episodes`, `recall`, `alerts`, `precision` (share of the alerts that are not
            false), `accounts_right`, `after_s`, `worst_after_s`, `delay_s`: medians and the greatest over the episodes
            that were hit. NaN where there is nothing to divide by.
        """
        episodes, alerts = self._of(judge)
        names = sorted({*episodes["typology"], *alerts["typology"]})
        of_each = [(episodes[episodes["typology"] == n], alerts[alerts["typology"] == n]) for n in names]
        return pd.DataFrame([_row(*parts) for parts in of_each], index=pd.Index(names, name="typology"))

    def totals(self, judge: str) -> dict[str, float]:
        """Return what the manipulation typologies come to together, and the share detected promptly."""
        episodes, alerts = self._of(judge)
        ours = episodes[~episodes["typology"].isin(NOT_MANIPULATION)]
        raised = alerts[alerts["category"] == "manipulation"]
        prompt = ours["hit"] & (ours["after_s"] <= PROMPT_S)
        shares = {"prompt": _share(prompt), "prompt_of_detected": _share(prompt[ours["hit"]])}
        return {**_row(ours, raised), **shares, "false_per_symbol_hour": int(raised["false"].sum()) / self.symbol_hours}

    def false_alerts(self, judge: str) -> list[tuple[str, str, int]]:
        """Return typology, what it was raised on, and count of the false alerts, most frequent first."""
        _, alerts = self._of(judge)
        wrong = alerts[alerts["false"].astype(bool)]
        counts = Counter(zip(wrong["typology"].tolist(), wrong["raised_on"].tolist(), strict=True))
        rows = [(typology, on, n) for (typology, on), n in counts.items()]
        return sorted(rows, key=lambda row: (-row[2], row[0], row[1]))

    def figures(self) -> dict[str, Any]:
        """Return all figures, every missed episode and every false alert, in JSON types; NaN is None."""
        judged = {judge: self._figures(judge) for judge in self.judges}
        return {"symbol_hours": self.symbol_hours, "planned": self.planned, "judges": judged}

    def _figures(self, judge: str) -> dict[str, Any]:
        episodes, alerts = self._of(judge)
        missed, wrong = episodes[~episodes["hit"].astype(bool)], alerts[alerts["false"].astype(bool)]
        by_typology = self.by_typology(judge)
        return {
            "manipulation": _plain(self.totals(judge)),
            "typologies": {str(name): _plain(row.to_dict()) for name, row in by_typology.iterrows()},
            "missed": [_plain(row) for row in missed.drop(columns="judge").to_dict("records")],
            "false": [_plain(row) for row in wrong.drop(columns="judge").to_dict("records")],
        }

    def _of(self, judge: str) -> tuple[pd.DataFrame, pd.DataFrame]:
        return self.episodes[self.episodes["judge"] == judge], self.alerts[self.alerts["judge"] == judge]


def benchmark(
    datasets: Sequence[Path], parameters: Parameters, bundle: Bundle | None, progress: Progress | None = None
) -> Detected:
    """Scan tapes as `scan` would and match the alerts with what was planted.

    Args:
        datasets: Folders of `benchmark_tapes.tapes_of`.
        parameters: What rules and alerts are set to.
        bundle: The learned detectors, judged beside the rules alone; None leaves them out.
        progress: Called with (tapes done, tapes in all).
    """
    judges: dict[str, Bundle | None] = {RULES: None} | ({bundle.version: bundle} if bundle else {})
    read = [(read_dataset(path), read_innocents(path), read_plan(path)) for path in datasets]
    total, done, hours = sum(len(dataset.tapes) for dataset, _, _ in read), 0, 0.0
    episodes, alerts = list[pd.DataFrame](), list[pd.DataFrame]()
    for dataset, innocents, plan in read:
        for path in dataset.tapes:
            markets = fold_dataset(dataset, parameters, tapes=[path])
            hours += sum(market.hours for market in markets)
            for judge, judged_by in judges.items():
                for raised in alerts_of(markets, parameters, judged_by):
                    around = _around(raised.market, innocents, plan)
                    matched = match(raised.last, raised.market.labels)
                    episodes.append(_episodes(judge, raised.market, matched, plan))
                    alerts.append(_alerts(judge, raised, matched, around))
            done += 1
            if progress:
                progress(done, total)
    planned = sum(len(plan) for _, _, plan in read)
    return Detected(tuple(judges), hours, planned, _once(_joined(episodes)), _joined(alerts))


def _joined(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    filled = [frame for frame in frames if len(frame)]
    return pd.concat(filled or frames[:1], ignore_index=True)


def _once(episodes: pd.DataFrame) -> pd.DataFrame:
    """Return each episode once: what is labelled on several venues is found by an alert on any; the first counts."""
    best = episodes.sort_values(["hit", "delay_s"], ascending=[False, True], kind="stable")
    alike = best.duplicated(["judge", "tape", "typology", "symbol", "planned"]) & (best["planned"] >= 0)
    return best[~alike].sort_index().reset_index(drop=True)


def _episodes(judge: str, market: MarketTape, matched: Matched, plan: Sequence[Placed] = ()) -> pd.DataFrame:
    found = matched.episodes.assign(accounts=market.labels["accounts"].tolist(), judge=judge, tape=market.tape)
    found["hit"] = found["hit"].astype(bool)
    spans = zip(found["start_ns"], found["end_ns"], strict=True)
    found["planned"] = np.array([_number_of(plan, market.symbol, *span) for span in spans], np.int64)
    return found.assign(after_s=found["delay_s"] - (found["end_ns"] - found["start_ns"]) / 1e9)


def _number_of(plan: Sequence[Placed], symbol: str, start: int, end: int) -> int:
    """Return which of the plan a span of a symbol belongs to, -1 if none."""
    meets = (k for k, one in enumerate(plan) if one.symbol == symbol and one.start < end and start < one.end)
    return next(meets, -1)


def _alerts(judge: str, raised: Raised, matched: Matched, around: Around) -> pd.DataFrame:
    found = matched.alerts.assign(judge=judge, tape=raised.market.tape)
    for name in ("accounts", "window_start", "window_end"):
        found[name] = [getattr(alert, name) for alert in raised.last]
    wrong = zip(raised.last, matched.alerts["false"], strict=True)
    found["raised_on"] = [explain(alert, around) if false else "" for alert, false in wrong]
    said = ([figure.says for part in alert.findings for figure in part.evidence] for alert in raised.last)
    return found.assign(says=pd.Series(list(said), dtype=object))


def _around(market: MarketTape, innocents: pd.DataFrame, plan: Sequence[Placed]) -> Around:
    planted = happenings(market.labels, "typology")
    here = innocents[(innocents["tape"] == market.tape) & (innocents["symbol"] == market.symbol)]
    placed = tuple(_planned_here(market, plan))
    return Around(planted, attempts(placed, planted), happenings(here, "kind"), market.hours)


def _planned_here(market: MarketTape, plan: Sequence[Placed]) -> Iterator[Happening]:
    for one in plan:
        if one.symbol == market.symbol and one.start < market.end and one.end > market.start:
            yield Happening(one.typology, frozenset(), one.start, one.end)


def _row(episodes: pd.DataFrame, alerts: pd.DataFrame) -> dict[str, float]:
    return {
        "episodes": len(episodes),
        "recall": _share(episodes["hit"]),
        "alerts": len(alerts),
        "precision": 1.0 - _share(alerts["false"]),
        "accounts_right": _share(episodes["accounts_right"].dropna()),
        "after_s": float(episodes["after_s"].median()),
        "worst_after_s": float(episodes["after_s"].max()),
        "delay_s": float(episodes["delay_s"].median()),
    }


def _share(flags: pd.Series[Any]) -> float:
    return float(flags.astype(float).mean()) if len(flags) else float("nan")


def _plain(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Return values as JSON has them."""
    return {str(name): _plain_value(value) for name, value in row.items()}


def _plain_value(value: Any) -> Any:  # noqa: ANN401 - a cell of a table
    if isinstance(value, (tuple, list)):
        return list(value)
    return finite(value.item() if hasattr(value, "item") else value)
