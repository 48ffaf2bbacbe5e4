"""Excessive accumulation and offloading on tapes: what the four rules share.

The batch form, over a table of fills, is `models.accumulation`; both ask for the same and take it from the same table
of parameters. Analysis window and history are the sweep's: a day, and the seven before it, unless set otherwise.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from features.rows import Episodes, Rows
from models.alert import Category
from models.findings import Evidence, Findings
from models.rules.base import exceedance, known_or, share_exceedance, sparse_findings, weight_of_evidence
from models.rules.one_sided_params import OthersParams, Params

CERTAIN = 0.98
FEW = 0.1
"""Confidence with a long history (or many peers), and what it lacks with one day (or peer) only."""
OCCASIONS = 6.0
MULTIPLE = 4.0
"""Separate occasions to trade, and times the own usual value, that make full evidence; measured: who trades one way by
chance did so in one large order, or left out the other side of a usual day."""
_LEAST = 1e-9
Term = NDArray[np.float64]


class OneSided:
    """One user trades one way; subclasses say which way, and against what.

    Attributes:
        side: +1 bought, -1 sold.
    """

    category: ClassVar[Category] = "behaviour"
    scale: ClassVar[str] = "market"
    reads: ClassVar[str] = "daily"
    mar: ClassVar[str] = ""
    needs: ClassVar[tuple[str, ...]] = ("trades", "accounts")
    yields_to: ClassVar[tuple[str, ...]] = ()
    side: ClassVar[int]

    def judge(self, _rows: Rows, episodes: Episodes) -> Findings:
        """Score each episode by its weakest term."""
        score, confidence = self._judged(episodes)
        order = np.argsort(episodes.row, kind="stable")
        return sparse_findings(
            self,  # type: ignore[arg-type]  # subclasses complete it
            score[order],
            confidence[order],
            row=episodes.row[order],
            entity=episodes.entity[order],
            episode=order,
        )

    def _judged(self, episodes: Episodes) -> tuple[Term, Term]:
        raise NotImplementedError

    def _mine(self, bought: Term) -> Term:
        # Figures are shares of what was bought; what was not bought was sold.
        return bought if self.side > 0 else 1.0 - bought

    def _multiple(self, episodes: Episodes) -> Term:
        return episodes["buy_multiple" if self.side > 0 else "sell_multiple"]

    def _trades(self, p: Params | OthersParams) -> int:
        return p.analysis_buy_trade_count_threshold if self.side > 0 else p.analysis_sell_trade_count_threshold

    def _one_way(self, episodes: Episodes, p: Params | OthersParams) -> Term:
        """Return what is asked of the analysis window and of the amount of history."""
        least = min(p.analysis_buy_proportion_threshold, 1.0 - _LEAST)
        score = share_exceedance(self._mine(episodes["bought_share"]), least)
        score = np.minimum(score, enough(episodes["usd"], p.analysis_minimum_aggregate_dollar_threshold))
        score = np.minimum(score, enough(episodes["trades"], p.analysis_minimum_transaction_count_threshold))
        score = np.minimum(score, enough(episodes["buys" if self.side > 0 else "sells"], self._trades(p)))
        known = episodes["past_trades"] >= p.historical_minimum_number_transactions
        known &= episodes["past_days"] >= p.historical_minimum_number_unique_days
        return np.where(known, score, 0.0)

    def _sure(self, episodes: Episodes, compared: Term) -> Term:
        # However many trades one order fills in, it is one decision: five of those are a way of trading.
        occasions = episodes["buying" if self.side > 0 else "selling"]
        return weight_of_evidence(occasions, OCCASIONS) * (CERTAIN - FEW / np.maximum(known_or(compared, 1.0), 1.0))

    def _said(self, episodes: Episodes, episode: int, p: Params | OthersParams) -> tuple[Evidence, ...]:
        share, usd = float(self._mine(episodes["bought_share"])[episode]), float(episodes["usd"][episode])
        verb, count = ("bought", "buys") if self.side > 0 else ("sold", "sells")
        trades, least_trades = int(episodes[count][episode]), self._trades(p)
        least_usd, least = p.analysis_minimum_aggregate_dollar_threshold, p.analysis_buy_proportion_threshold
        part = f"{share:.0%} of what the user traded was {verb} (limit {least:.0%})."
        often = f"The user {verb} in {trades} trade(s) (limit {least_trades})."
        return (
            Evidence(f"{verb}_share", share, "ratio", least, part),
            Evidence("traded", usd, "USD", least_usd, f"The user traded for {usd:,.0f} USD (limit {least_usd:,.0f})."),
            Evidence(count, trades, "trades", least_trades, often),
        )

    def _far(self, episodes: Episodes, episode: int, usual: float, spread: float, limit: float) -> tuple[Evidence, ...]:
        if not spread > 0.0:
            return ()
        stds = (float(self._mine(episodes["bought_share"])[episode]) - usual) / spread
        says = f"The day is {stds:.1f} standard deviations above that (limit {limit:g})."
        return (Evidence("deviation", stds, "standard deviations", limit, says),)


class AgainstOwn(OneSided):
    """Out of proportion to the user's own history."""

    params: Params

    def _judged(self, episodes: Episodes) -> tuple[Term, Term]:
        p, days = self.params, episodes["past_days"]
        usual = self._mine(episodes["past_share"])
        far = deviation(self._mine(episodes["bought_share"]), usual, episodes["past_std"])
        score = np.minimum(self._one_way(episodes, p), enough(far, p.deviation_multiple))
        # Who only left out the other side of a usual day did not do more than usual.
        more = weight_of_evidence(self._multiple(episodes), MULTIPLE)
        return score, self._sure(episodes, days) * more

    def evidence(self, _rows: Rows, _row: int, episodes: Episodes, episode: int) -> tuple[Evidence, ...]:
        """Return what the user traded, and how far that is from the user's own days."""
        p, days = self.params, int(episodes["past_days"][episode])
        mean, std = float(self._mine(episodes["past_share"])[episode]), float(episodes["past_std"][episode])
        said = (
            Evidence("own_mean", mean, "ratio", None, f"On {days} days before, it was {mean:.0%} on average."),
            Evidence("own_deviation", std, "ratio", None, f"From day to day that varied by {std:.0%} (one deviation)."),
        )
        far = self._far(episodes, episode, mean, std, p.deviation_multiple)
        return (*self._said(episodes, episode, p), *said, *far)


class AgainstOthers(OneSided):
    """Out of proportion to the other users of the symbol."""

    params: OthersParams

    def _judged(self, episodes: Episodes) -> tuple[Term, Term]:
        p, peers, multiple = self.params, episodes["peers"], self._multiple(episodes)
        spread = np.maximum(episodes["peer_std"], p.least_deviation)
        far = deviation(self._mine(episodes["bought_share"]), self._mine(episodes["peer_share"]), spread)
        # Whoever has no history, where the parameters judge such users at all, buys more than ever.
        more = np.where(episodes["past_days"] == 0.0, 1.0, enough(multiple, p.usual_multiple))
        score = np.minimum(np.minimum(self._one_way(episodes, p), enough(far, p.deviation_multiple)), more)
        return np.where(peers >= p.minimum_peers, score, 0.0), self._sure(episodes, peers)

    def evidence(self, _rows: Rows, _row: int, episodes: Episodes, episode: int) -> tuple[Evidence, ...]:
        """Return what the user traded, and how far that is from the peers."""
        p, peers = self.params, int(episodes["peers"][episode])
        middle, multiple = float(self._mine(episodes["peer_share"])[episode]), float(self._multiple(episodes)[episode])
        std = max(float(episodes["peer_std"][episode]), p.least_deviation)
        half = f"Of {peers} other users with a history, half were at or below {middle:.0%} that day."
        said = [Evidence("peer_median", middle, "ratio", None, half)]
        if np.isfinite(multiple):
            text = f"It was {multiple:.1f} times the user's own usual day (limit {p.usual_multiple:g})."
            said.append(Evidence("usual_multiple", multiple, "times", p.usual_multiple, text))
        far = self._far(episodes, episode, middle, std, p.deviation_multiple)
        return (*self._said(episodes, episode, p), *said, *far)


def enough(value: Term, threshold: float) -> Term:
    """Return `exceedance`, where a threshold may also be zero; unknown values score 0."""
    return np.where(np.isnan(value), 0.0, exceedance(np.maximum(value, 0.0), max(threshold, _LEAST)))


def deviation(share: Term, usual: Term, spread: Term) -> Term:
    """Return how many deviations a share is above the usual; infinite above what never varied, NaN where unknown."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where((spread == 0.0) & (share <= usual), 0.0, (share - usual) / spread)
