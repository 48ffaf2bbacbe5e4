"""Small tapes on disk, and the path of the recorded data beside the repository."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

TRADES = """timestamp,venue,symbol,trade_id,price,quantity,buyer_id,seller_id,aggressor
2024-05-01T09:30:00Z,x,BTC/USD,t1,60000.5,0.25,ann,bob,buy
2024-05-01T09:30:00Z,x,BTC/USD,t2,60000.5,0.25,ann,bob,buy
2024-05-01T09:30:01.123456789Z,y,ETH/USD,,3000,2,,cid,
"""
ORDERS = """timestamp,symbol,order_id,account_id,event,side,price,quantity,leaves_quantity
2024-05-01T09:29:59Z,BTC/USD,o1,ann,new,buy,60000,0.5,0.5
2024-05-01T09:30:00Z,BTC/USD,o1,ann,fill,buy,60000,0.25,0.25
2024-05-01T09:30:02Z,BTC/USD,o1,ann,cancel,buy,,,
"""


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    def write_file(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return write_file


@pytest.fixture
def trades_csv(write: Callable[[str, str], Path]) -> Path:
    return write("trades.csv", TRADES)


@pytest.fixture
def folder_tape(write: Callable[[str, str], Path]) -> Path:
    write("tape/trades.csv", TRADES)
    write("tape/orders.csv", ORDERS)
    write("tape/accounts.csv", "account_id,owner_id\nann,ann & co\ncid,ann & co\n")
    return write("tape/rates.csv", "timestamp,currency,usd\n2024-05-01T00:00:00Z,EUR,1.07\n").parent


@pytest.fixture
def one_trade() -> pa.Table:
    return pa.table(
        {
            "timestamp": pa.array([1_714_555_800_000_000], pa.timestamp("us", "UTC")),
            "symbol": ["BTC/USD"],
            "price": [60_000.5],
            "quantity": [0.25],
        }
    )


@pytest.fixture(scope="session")
def pumps() -> Path:
    path = Path(__file__).parents[2].parent / "shared" / "data" / "pumps"
    if not path.is_dir():
        pytest.skip("the recorded pump tapes are not beside the repository (../shared/data/pumps)")
    return path
