"""Users' days: the sweep finds what the batch form finds, however events come, and keeps no more than its horizon."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.days import own_habit, peers_habit
from features.events import NEW, TRADE
from features.order import END_OF_TIME
from features.seen import Seen, blank_seen
from features.sweeps.base import Found
from features.sweeps.daily import Daily, Spans
from features.time_units import HOUR_NS
from models.accumulation import FILL_COLUMNS, flag_accumulation
from models.rules.one_sided_params import Params

USD = Spans(usd=1.0)
DAY_NS = 24 * HOUR_NS
CROWD, EVE, ANN, BOB = 0, 1, 2, 3
Trade = tuple[float, int, int, float]


def seen_of(trades: list[Trade]) -> Seen:
    """Return trades given as (hours since the beginning, buyer, seller, USD)."""
    hours, buyer, seller, usd = zip(*sorted(trades), strict=True) if trades else ((), (), (), ())
    n = len(hours)
    whole = np.zeros(n, np.int64)
    columns: dict[str, np.ndarray[Any, Any]] = {
        "time": DAY_NS + np.array([round(hour * HOUR_NS) for hour in hours], np.int64),
        "kind": np.full(n, TRADE, np.int8), "side": np.zeros(n, np.int8), "price": np.array(usd, float) / 10.0,
        "lots": np.full(n, 10, np.int64), "entity": np.array(buyer, np.int32), "counter": np.array(seller, np.int32),
        "order": whole, "counter_order": whole,
    }  # fmt: skip
    return blank_seen(columns)


def habit(user: int, days: int = 7, usd: float = 500.0, hour: float = 10.0) -> list[Trade]:
    """Return days on which a user buys and sells, a little more of one on one day, of the other on the next."""
    uneven = [40.0 if day % 2 else -40.0 for day in range(days)]
    bought = [(24.0 * day + hour, user, CROWD, usd + more) for day, more in enumerate(uneven)]
    return bought + [(24.0 * day + hour + 1.0, CROWD, user, usd - more) for day, more in enumerate(uneven)]


def one_way(user: int, hour: float, count: int = 12, usd: float = 2_000.0) -> list[Trade]:
    """Return a buy every half an hour."""
    return [(hour + n / 2.0, user, CROWD, usd) for n in range(count)]


@dataclass(frozen=True)
class Figures:
    """Episodes of a user as a table with `start`, `end` and `side`."""

    table: pd.DataFrame

    @property
    def last(self) -> pd.Series:
        """The last one."""
        return self.table.iloc[-1]


def figures(found: Found, user: int) -> Figures:
    """Return one user's episodes."""
    table = pd.DataFrame(found.figures, columns=list(Daily.figures))
    table = table.assign(start=found.start, end=found.end, side=found.side)
    return Figures(table[found.members[:, 0] == user])


def found_in(trades: list[Trade], spans: Spans = USD) -> Found:
    """Return all episodes of a tape, with the hour after its last trade."""
    sweep = Daily(spans)
    found = sweep.fold(seen_of(trades))
    return found.then(sweep.advance(DAY_NS + round((max(hour for hour, *_ in trades) + 1.0) * HOUR_NS)))


def test_daily_of_a_user_who_turns_one_way_tells_the_day_the_history_and_the_usual() -> None:
    tape = habit(EVE) + one_way(EVE, 8 * 24.0)
    last = figures(found_in(tape), EVE).last
    assert (last["usd"], last["trades"], last["buys"], last["sells"]) == (24_000.0, 12.0, 12.0, 0.0)
    assert last["bought_share"] == 1.0
    assert last["buying"] == pytest.approx(12.0)
    assert (last["past_days"], last["past_trades"]) == (7.0, 14.0)
    assert last["past_share"] == pytest.approx(0.5, abs=0.01)
    assert last["buy_multiple"] == pytest.approx(24_000.0 / 494.3, rel=0.01)
    assert last["side"] == 1
    assert last["start"] == DAY_NS + 8 * DAY_NS
    assert last["end"] == DAY_NS + (8 * 24 + 6) * HOUR_NS - 1


def test_daily_of_one_large_order_in_many_fills_is_one_occasion() -> None:
    fills = [(200.0 + n / 3_600.0, EVE, CROWD, 2_000.0) for n in range(12)]
    assert figures(found_in(fills), EVE).last["buying"] == pytest.approx(1.0)


def test_daily_compares_with_peers_who_have_a_history() -> None:
    peers = [trade for user in range(10, 20) for trade in habit(user, days=9, hour=8.0 + user / 20.0)]
    more = [
        trade
        for user in range(10, 20)
        for n in range(6)
        for trade in ((197.0 + n / 5.0, user, CROWD, 100.0), (198.5 + n / 5.0, CROWD, user, 100.0))
    ]
    newcomers = [trade for user in range(30, 40) for trade in one_way(user, 195.0, usd=100.0)]
    last = figures(found_in(peers + more + newcomers + habit(EVE) + one_way(EVE, 194.0)), EVE).last
    assert last["peers"] == 11.0  # the crowd is one of them
    assert last["peer_share"] == pytest.approx(0.5, abs=0.1)


def test_daily_of_a_market_maker_is_its_usual_part_however_much_is_traded() -> None:
    quiet = [(hour / 2.0, BOB if hour % 2 else ANN, CROWD, 1_000.0) for hour in range(24 * 10)]
    busy = [(hour, buyer, seller, 5.0 * usd if hour >= 96.0 else usd) for hour, buyer, seller, usd in quiet]
    table = figures(found_in(busy), BOB).table
    assert table["usual_multiple"].iloc[-10:].max() < 1.5
    assert table["volume_share"].iloc[-1] == pytest.approx(1.0)


def test_daily_of_a_large_newcomer_is_a_part_of_the_average_day() -> None:
    market = [(float(hour), ANN, CROWD, 1_000.0) for hour in range(24 * 9)]
    last = figures(found_in(market + one_way(EVE, 200.0, usd=1_000.0)), EVE).last
    assert last["market_usd"] == pytest.approx(24_000.0)
    assert last["volume_share"] == pytest.approx(0.5)
    assert np.isinf(last["usual_multiple"])


def test_daily_on_a_tape_of_less_than_a_day_does_not_know_what_is_usual() -> None:
    last = figures(found_in(one_way(EVE, 5.0)), EVE).last
    assert np.isnan(last[["volume_share", "usual_multiple", "past_share", "peer_share"]].to_numpy(float)).all()


def test_daily_without_dollars_finds_nothing_and_keeps_nothing() -> None:
    sweep = Daily()
    assert len(sweep.fold(seen_of(one_way(EVE, 5.0) + one_way(EVE, 30.0)))) == 0
    assert all(len(array) == 0 for name, array in sweep.snapshot().items() if name not in {"market", "marks"})


def test_daily_at_the_end_of_the_tape_judges_no_part_of_an_hour() -> None:
    sweep = Daily(USD)
    sweep.fold(seen_of(one_way(EVE, 0.0, count=1, usd=9_000.0)))
    assert len(sweep.advance(END_OF_TIME)) == 0


def test_daily_is_bounded_by_its_days() -> None:
    sweep = Daily(replace(USD, usual_days=9))
    trades = [(float(hour), EVE, ANN, 1_000.0) for hour in range(24 * 60)]
    sweep.fold(seen_of(trades))
    # Two users: nine to ten days by the hour, one or two before those by the day.
    assert len(sweep.snapshot()["hours.hour"]) <= 2 * (10 * 24 + 2)
    assert len(sweep.snapshot()["market"]) <= 10 * 24


TAPES = st.lists(
    st.tuples(st.integers(0, 24 * 12), st.integers(-1, 5), st.integers(-1, 5), st.sampled_from([300.0, 1e3, 4e3])),
    min_size=1,
    max_size=120,
)


@settings(max_examples=25)
@given(TAPES, st.lists(st.integers(0, 120), max_size=4), st.randoms(use_true_random=False))
def test_daily_cut_anywhere_restored_and_with_other_codes_finds_the_same_bits(
    tape: list[tuple[int, int, int, float]], cuts: list[int], random: Any
) -> None:
    trades = [(hour + 0.1, buyer, seller, usd) for hour, buyer, seller, usd in tape]
    seen, whole = seen_of(trades), Daily(USD)
    end = DAY_NS + 24 * 13 * HOUR_NS
    expected = whole.fold(seen).then(whole.advance(end))
    codes = [*random.sample(range(100, 200), 6), -1]
    seen = seen._replace(entity=np.array(codes, np.int32)[seen.entity], counter=np.array(codes, np.int32)[seen.counter])
    edges, parts, sweep = sorted({0, len(trades), *(min(cut, len(trades)) for cut in cuts)}), [], Daily(USD)
    for begin, stop in pairwise(edges):
        parts.append(sweep.fold(Seen._make(column[begin:stop] for column in seen)))
        saved, sweep = sweep.snapshot(), Daily(USD)
        sweep.restore(saved)
        if stop < len(trades):
            parts.append(sweep.advance(int(seen.time[stop])))
    found = parts[0]
    for part in [*parts[1:], sweep.advance(end)]:
        found = found.then(part)
    assert len(found) == len(expected)
    assert bits(found, np.array(codes)) == bits(expected, np.array([*range(6), -1]))


def bits(found: Found, codes: np.ndarray[Any, Any]) -> list[tuple[Any, ...]]:
    """Return each episode's bytes, in an order that depends on no code."""
    name = {int(code): number for number, code in enumerate(codes)}
    rows = zip(found.end.tolist(), found.members[:, 0].tolist(), found.start.tolist(), found.side.tolist(),
               (row.tobytes() for row in found.figures), strict=True)  # fmt: skip
    return sorted((end, name[who], start, side, row) for end, who, start, side, row in rows)


@settings(max_examples=15)
@given(TAPES)
def test_daily_meets_the_nine_parameters_where_the_batch_form_flags(tape: list[tuple[int, int, int, float]]) -> None:
    history = [trade for user in range(1, 6) for trade in habit(user, hour=2.0 + 3 * user)]
    late = [(24.0 * 8 + hour % 24 + 0.1, buyer, seller, usd) for hour, buyer, seller, usd in tape if buyer != seller]
    trades = history + late + one_way(EVE, 24.0 * 8)
    p = Params(analysis_minimum_aggregate_dollar_threshold=4_000.0)
    found = found_in(trades)
    table = pd.DataFrame(found.figures, columns=list(Daily.figures)).assign(who=found.members[:, 0], end=found.end)
    end = int(table["end"].max())
    now = table[table["end"] == end]
    met = (now["usd"] >= 4_000.0) & (now["trades"] >= 5) & (now["past_trades"] >= 10) & (now["past_days"] >= 5)
    buys = met & (now["bought_share"].round(12) >= 0.7) & (now["buys"] >= 5)
    buys &= now["bought_share"].round(12) > now["past_share"] + p.deviation_multiple * now["past_std"]
    flags = flag_accumulation(fills(trades), p, as_of=pd.Timestamp(end))
    flagged = flags.loc[(flags["typology"] == "excessive_accumulation_own"), "user_id"].astype(int)
    # The sweep looks at those who traded in the last hour.
    assert set(now.loc[buys, "who"]) == set(flagged) & set(now["who"])


def fills(trades: list[Trade]) -> pd.DataFrame:
    """Return the trades as one-sided fills."""
    rows = [
        (pd.Timestamp(DAY_NS + round(hour * HOUR_NS)), str(user), "A/USD", side, usd, 1.0)
        for hour, buyer, seller, usd in trades
        for user, side in ((buyer, "BUY"), (seller, "SELL"))
        if user >= 0
    ]
    return pd.DataFrame(rows, columns=FILL_COLUMNS)


def test_daily_counts_hours_by_any_message() -> None:
    sweep = Daily(USD)
    sweep.fold(seen_of(one_way(EVE, 0.0, count=4)))
    later = seen_of([(5.0, EVE, CROWD, 1.0)])
    order = later._replace(kind=np.array([NEW], np.int8), counter=np.array([-1], np.int32))
    assert len(sweep.fold(order)) == 2


def test_own_habit_of_equal_days_has_no_deviation_and_of_one_day_none_that_is_known() -> None:
    mean, std = own_habit(np.array([[0.1, 0.1, 0.1], [0.4, np.nan, np.nan], [np.nan] * 3]))
    np.testing.assert_array_equal(mean, [0.1, 0.4, np.nan])
    np.testing.assert_array_equal(std, [0.0, np.nan, np.nan])


def test_peers_habit_takes_out_what_few_occasions_explain_and_leaves_out_the_user() -> None:
    shares = np.array([0.3, 0.4, 0.5, 0.6, 0.7, 1.0])
    many = peers_habit(shares, np.full(6, 1e9), 5, 1e9)
    assert (many[0], many[1]) == (5, 0.5)
    assert many[2] == pytest.approx(0.14826, rel=1e-4)
    few = peers_habit(shares, np.full(6, 4.0), 5, 25.0)
    assert few[2] == pytest.approx(0.1)
    assert peers_habit(shares[:1], np.ones(1), 0, 1.0)[0] == 0
