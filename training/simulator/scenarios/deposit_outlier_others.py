"""Deposit outlier, against the others: an account with hardly a history deposits many times what its peers do.

Subtle: five times peers' usual deposit. Blatant: sixty times, in up to four pieces within hours.
Source: detectors.md: history against one day of analysis, at least five transactions, 500 USD.
"""

from __future__ import annotations

from training.simulator.scenarios.transfer_outliers import TransferOutlier


class DepositOutlierOthers(TransferOutlier):
    """Money comes in as with nobody else."""

    kind = "deposit_outlier_others"
    sign = 1
    others = True
