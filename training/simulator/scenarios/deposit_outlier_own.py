"""Deposit outlier, own history: an account that moved hundreds all week suddenly deposits thousands.

Subtle: five times its usual deposit in one piece. Blatant: sixty times, in up to four pieces within hours.
Source: detectors.md: history against one day of analysis, at least five transactions, 500 USD.
"""

from __future__ import annotations

from training.simulator.scenarios.transfer_outliers import TransferOutlier


class DepositOutlierOwn(TransferOutlier):
    """Money comes in as never before."""

    kind = "deposit_outlier_own"
    sign = 1
    others = False
