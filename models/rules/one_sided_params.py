"""The nine parameters of excessive accumulation, and those of its siblings."""

from __future__ import annotations

from models.rules.base import RuleParams, parameter

_SOURCE = "detectors.md, the nine parameters"


class Params(RuleParams):
    """The nine parameters of excessive accumulation, and a tenth that is ours."""

    analysis_window: int = parameter(1, "days over which trades are analysed for alerts", _SOURCE, ge=1)
    historical_window: int = parameter(7, "days to look back", _SOURCE, ge=1)
    analysis_minimum_aggregate_dollar_threshold: float = parameter(
        10000.0, "minimum traded value to qualify, USD", _SOURCE, ge=0
    )
    analysis_minimum_transaction_count_threshold: int = parameter(
        5, "minimum transactions of the user in the analysis window", _SOURCE, ge=1
    )
    historical_minimum_number_transactions: int = parameter(
        10, "minimum historical transactions for a benchmark of one's own", _SOURCE, ge=1
    )
    historical_minimum_number_unique_days: int = parameter(
        5, "minimum distinct days in the history; a deviation needs 2", _SOURCE, ge=1
    )
    analysis_buy_proportion_threshold: float = parameter(
        0.7, "proportion of buys that flags accumulation; of sells, offloading", _SOURCE, gt=0, le=1
    )
    analysis_buy_trade_count_threshold: int = parameter(5, "minimum buy trades", _SOURCE, ge=0)
    analysis_sell_trade_count_threshold: int = parameter(
        5, "minimum sell trades (for the offloading side)", _SOURCE, ge=0
    )
    deviation_multiple: float = parameter(
        2.0, "standard deviations above the user's own mean proportion that a flag must exceed", "ours", ge=0
    )


class OthersParams(RuleParams):
    """Parameters of the siblings that take the symbol's other users for a benchmark; windows are the nine's."""

    analysis_minimum_aggregate_dollar_threshold: float = parameter(
        10000.0, "minimum traded value to qualify, USD", _SOURCE, ge=0
    )
    analysis_minimum_transaction_count_threshold: int = parameter(
        5, "minimum transactions of the user in the analysis window", _SOURCE, ge=1
    )
    historical_minimum_number_transactions: int = parameter(
        10, "minimum historical transactions of a user who trades the symbol, not only today", _SOURCE, ge=0
    )
    historical_minimum_number_unique_days: int = parameter(
        5, "minimum distinct days of the same; 0 judges newcomers, too", _SOURCE, ge=0
    )
    analysis_buy_proportion_threshold: float = parameter(
        0.7, "proportion of buys that flags accumulation; of sells, offloading", _SOURCE, gt=0, le=1
    )
    analysis_buy_trade_count_threshold: int = parameter(5, "minimum buy trades", _SOURCE, ge=0)
    analysis_sell_trade_count_threshold: int = parameter(
        5, "minimum sell trades (for the offloading side)", _SOURCE, ge=0
    )
    deviation_multiple: float = parameter(
        2.0, "robust standard deviations above the peers' median proportion that a flag must exceed", "ours", ge=0
    )
    least_deviation: float = parameter(
        0.1, "what the peers' robust standard deviation is at least taken for", "ours: half of an honest day's", gt=0
    )
    minimum_peers: int = parameter(5, "fewest peers (other users with a history) to compare with", "ours", ge=1)
    usual_multiple: float = parameter(
        4.0,
        "value bought (sold) over the user's own usual day, times",
        "ours: who buys every day accumulates no more than ever",
        gt=0,
    )
