"""Withdrawal outlier, own history: an account that moved hundreds all week suddenly withdraws thousands.

Subtle: five times its usual withdrawal in one piece. Blatant: sixty times, in up to four pieces within hours.
Source: detectors.md: history against one day of analysis, at least five transactions, 500 USD.
"""

from __future__ import annotations

from training.simulator.scenarios.transfer_outliers import TransferOutlier


class WithdrawalOutlierOwn(TransferOutlier):
    """Money goes out as never before."""

    kind = "withdrawal_outlier_own"
    sign = -1
    others = False
