"""The second stage of the fold over a whole recording, as the surveillance over venues folds it bucket by bucket."""

from __future__ import annotations

from collections.abc import Iterable

from features.cross.fold import CrossFold, CrossFolded, CrossSpans
from features.cross.names import group_of
from features.cross.prints import merged, prints_of
from features.events import TRADE, Events, Vocabulary
from features.order import total_order
from features.time_units import SECOND_NS
from models.parameters import Parameters


def cross_spans(parameters: Parameters) -> CrossSpans:
    """Return how venues are compared under these parameters."""
    cross = parameters.cross
    bucket_ns = parameters.windows.fast.bucket_s * SECOND_NS
    return CrossSpans(bucket_ns, cross.stale_s, cross.taker_fee_bps, cross.taker_fees_bps)


def beginning(firsts: Iterable[int], bucket_ns: int) -> int:
    """Return when a group begins: with the first whole bucket after its second market has traded.

    Args:
        firsts: Time of the first trade of each market, at least two.
        bucket_ns: Length of a bucket.
    """
    return (sorted(firsts)[1] // bucket_ns + 1) * bucket_ns


def fold_across(events: Events, names: Vocabulary, parameters: Parameters) -> dict[int, CrossFolded]:
    """Return rows and episodes over venues of recorded events, by the code of their market.

    Args:
        events: Events of any markets, in any order.
        names: Their codes.
        parameters: How venues are compared.
    """
    spans, groups = cross_spans(parameters), dict[str, list[int]]()
    for code, (_, symbol) in enumerate(names.markets):
        groups.setdefault(group_of(symbol, one_dollar=parameters.cross.one_dollar), []).append(code)
    out: dict[int, CrossFolded] = {}
    for codes in groups.values():
        if len(codes) > 1:
            out |= _fold_group(events, names, codes, spans)
    return out


def _fold_group(events: Events, names: Vocabulary, codes: list[int], spans: CrossSpans) -> dict[int, CrossFolded]:
    is_trade, fold, parts = events.kind == TRADE, CrossFold(spans), {}
    for code in codes:
        mine = total_order(events.where(is_trade & (events.market == code)))
        if len(mine):
            fold.join(code, names.markets[code])
            parts[code] = mine
    if len(parts) < 2:
        return {}
    since = beginning((int(mine.time[0]) for mine in parts.values()), spans.bucket_ns)
    trades = merged(list(parts.values()), fold.rank.tolist())
    begun = trades.where(trades.time >= since)
    return fold.fold(prints_of(begun, names, {code: slot for slot, code in enumerate(fold.markets)}))
