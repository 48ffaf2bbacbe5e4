"""Rounds of bait: what spoofing and layering hold against them alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from features.rows import Episodes
from models.findings import Evidence
from models.rules.base import RuleParams, exceedance, known_or, parameter, share_exceedance, shortfall

SIZE_KNOWN = 0.99
SIZE_UNKNOWN = 0.9
"""Confidence with and without the market's order sizes."""
_ONE_ORDER, _EACH_ORDER, _MOST_ORDERS, _MOST_OF_TURN = -1.5, 3.25, 4.75, 1.75
_TENFOLD, _MOST_SIZE, _FEW = 1.5, 2.0, 1.5
_AT_ONCE, _INSTANT_S = 1.5, 0.005
_ONCE_AFTER, _ONCE_BEFORE = 5.0, 2.25


class RoundParams(RuleParams):
    """Parameters of a round of bait, whatever its sizes."""

    spoofing_threshold: float = parameter(
        0.9, "share of the bait that was cancelled, not filled", "the mission; cases fill about 2 %", gt=0, lt=1
    )
    maximum_pull_s: float = parameter(
        8.0,
        "seconds between the fill and the first cancel",
        "detectors.md: enforcement average 2.3 s; longer ones too",
        gt=0,
        le=8,
    )
    depth_multiple: float = parameter(
        1.2,
        "bait over the usual size of a new order of the market, times",
        "detectors.md: demand size against resting depth; a spoofer's share of thick books is small",
        gt=0,
    )
    minimum_surprise: float = parameter(
        5.0,
        "decimal digits of the chance that shows and fills are so close, with what the number of orders adds",
        "measured: honest accounts reach 5 once in hundreds of hours",
        gt=0,
    )
    minimum_tidy_share: float = parameter(
        0.6,
        "of all that the entity cancelled, the part laid out within seconds and taken away whole",
        "measured: spoofers .7-1, market makers and busy accounts up to .55",
        gt=0,
        lt=1,
    )
    minimum_round_share: float = parameter(
        0.15, "of its shows, the part that went with a fill on the other side", "measured: spoofers .25-1", gt=0, lt=1
    )


def sequence(episodes: Episodes, p: RoundParams) -> NDArray[np.float64]:
    """Return how surely each round is a sequence of bait and fill, whatever their sizes to one another."""
    terms = (
        share_exceedance(cancelled_share(episodes), p.spoofing_threshold),
        shortfall(np.abs(episodes["pull_s"]), p.maximum_pull_s),
        known_or(exceedance(episodes["size_multiple"], p.depth_multiple), 1.0),
        exceedance(surprise_of(episodes), p.minimum_surprise),
        share_exceedance(episodes["tidy_share"], p.minimum_tidy_share),
        share_exceedance(episodes["round_share"], p.minimum_round_share),
    )
    score: NDArray[np.float64] = np.minimum.reduce(terms)
    return score


def told(episodes: Episodes, episode: int, p: RoundParams, least_multiple: float) -> tuple[Evidence, ...]:
    """Return the figures of a round."""
    when = "after" if float(episodes["pull_s"][episode]) >= 0.0 else "before"
    value = {name: float(episodes[name][episode]) for name in episodes.names}
    multiple, share = float(bait_multiple(episodes)[episode]), float(cancelled_share(episodes)[episode])
    bait = f"{value['bait_orders']:.0f} pulled order(s) were {multiple:.1f} times the order on the other side."
    digits = f"By chance its shows and fills would be so close in one of 10^{value['surprise']:.1f} cases."
    again = f"Rounds so far: {value['rounds']:.0f}, which is {value['round_share']:.0%} of its shows."
    tidy = f"Of all it cancelled, {value['tidy_share']:.0%} was laid out and taken away as one."
    figures = (
        Evidence("bait_to_genuine", multiple, "times", least_multiple, bait),
        Evidence("bait_cancelled_share", share, "ratio", p.spoofing_threshold, f"{share:.0%} of it was cancelled."),
        Evidence("pull_s", value["pull_s"], "s", p.maximum_pull_s,
                 f"It began to go {abs(value['pull_s']):.3f} s {when} the other order was done."),
        Evidence("size_multiple", value["size_multiple"], "times", p.depth_multiple,
                 f"It was {value['size_multiple']:.1f} usual orders of the market."),
        Evidence("surprise", value["surprise"], "digits", None, digits),
        Evidence("rounds", value["rounds"], "times", None, again),
        Evidence("tidy_share", value["tidy_share"], "ratio", p.minimum_tidy_share, tidy),
    )  # fmt: skip
    return tuple(figure for figure in figures if not np.isnan(figure.value))


def bait_multiple(episodes: Episodes) -> NDArray[np.float64]:
    """Return pulled bait over the genuine order, times; NaN where there was no genuine order."""
    genuine = np.where(episodes["genuine_lots"] > 0, episodes["genuine_lots"], np.nan)
    return episodes["bait_lots"] / genuine


def cancelled_share(episodes: Episodes) -> NDArray[np.float64]:
    """Return which share of the bait was cancelled, not filled, in [0, 1]; NaN where there was none."""
    placed = episodes["bait_lots"] + episodes["bait_filled_lots"]
    return episodes["bait_lots"] / np.where(placed > 0, placed, np.nan)


def size_confidence(episodes: Episodes) -> NDArray[np.float64]:
    """Return how much evidence there is, with and without the market's order sizes."""
    return np.where(np.isnan(episodes["size_multiple"]), SIZE_UNKNOWN, SIZE_KNOWN)


def surprise_of(episodes: Episodes) -> NDArray[np.float64]:
    """Return the digits of each sequence, with what the number of orders adds where one entity acts alone.

    Of honest pulls that follow a fill by chance nearly all are of one order, one in ten of two, and one in a hundred of
    more; of single orders few are many times the usual. A single coincidence counts for so much only, and for less
    where the pull went before the fill: venues cancel the orders that their owner is about to meet.
    """
    digits, orders = episodes["surprise"], episodes["usual_orders"]
    is_once, turned = episodes["rounds"] < 2.0, episodes["pull_s"] < 0.0
    once = np.where(is_once, np.minimum(digits, np.where(turned, _ONCE_BEFORE, _ONCE_AFTER)), digits)
    most = np.where(is_once & turned, _MOST_OF_TURN, _MOST_ORDERS)
    adds = np.minimum(_ONE_ORDER + _EACH_ORDER * (orders - 1.0), most)
    size = known_or(np.log10(np.maximum(episodes["size_multiple"], 1.0)), 0.0)
    adds = adds + np.where(orders < _FEW, np.minimum(_TENFOLD * size, _MOST_SIZE), 0.0) * ~turned
    # Orders sent in one instant are of one plan.
    adds = adds + np.where((orders > _FEW) & (episodes["laid_s"] <= _INSTANT_S), _AT_ONCE, 0.0)
    alone = episodes.members[:, 1] < 0
    return np.maximum(np.where(alone, once + adds, digits), 0.0)
