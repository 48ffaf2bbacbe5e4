"""The recorded traffic, read once."""

from __future__ import annotations

import pytest

from tests.serving.sources import recordings
from tests.serving.sources.recordings import RECORDINGS, Recording


def _recorded() -> None:
    if not RECORDINGS.is_dir():
        pytest.skip("the recorded traffic is not beside the repository (../shared/data/exchange_payloads)")


@pytest.fixture(scope="session")
def binance() -> Recording:
    _recorded()
    return recordings.binance()


@pytest.fixture(scope="session")
def coinbase() -> Recording:
    _recorded()
    return recordings.coinbase()


@pytest.fixture(scope="session")
def kraken() -> Recording:
    _recorded()
    return recordings.kraken()
