"""The summary of all alerts: the mission's counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Row, Select, case, func, select

from serving.alerts.life import OPEN
from serving.alerts.schema import alerts

LEVELS = ("critical", "high", "medium", "low")
TYPES = ("pump_and_dump", "wash_trading", "spoofing", "volume_spike", "price_anomaly", "concentrated_trading")
BANDS = ("high_risk", "medium_risk", "low_risk")


@dataclass(frozen=True)
class Summary:
    """Counts of alerts; all but `total_alerts` are over the open ones ("active").

    Attributes:
        total_alerts: All alerts ever.
        active_alerts: Those not resolved or reported.
        by_level: By level, all four present.
        by_type: By typology; the mission's six are always present, others as they occur.
        risk_distribution: high_risk > 0.7, medium_risk 0.4 to 0.7, low_risk < 0.4.
    """

    total_alerts: int
    active_alerts: int
    by_level: dict[str, int]
    by_type: dict[str, int]
    risk_distribution: dict[str, int]


def counts() -> Select[bool, str, str, str, int]:
    """Return the SQL that counts alerts by openness, typology, level and risk band, all at one instant."""
    risk = alerts.c.risk_score
    marked = select(
        alerts.c.status.in_(OPEN).label("is_open"),
        alerts.c.typology,
        alerts.c.alert_level,
        case((risk > 0.7, "high_risk"), (risk >= 0.4, "medium_risk"), else_="low_risk").label("band"),
    ).subquery()
    kinds = (marked.c.is_open, marked.c.typology, marked.c.alert_level, marked.c.band)
    return select(*kinds, func.count().label("n")).group_by(*kinds).order_by(marked.c.typology)


def summarise(rows: Iterable[Row[bool, str, str, str, int]]) -> Summary:
    """Return the summary of the rows that `counts` gives."""
    totals: Counter[bool] = Counter()
    levels, types, bands = (Counter(dict.fromkeys(names, 0)) for names in (LEVELS, TYPES, BANDS))
    for is_open, typology, level, band, n in rows:
        totals[bool(is_open)] += n
        if is_open:
            levels[level] += n
            types[typology] += n
            bands[band] += n
    return Summary(totals.total(), totals[True], dict(levels), dict(types), dict(bands))
