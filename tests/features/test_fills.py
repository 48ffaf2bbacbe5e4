from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from features.encoding import Lots, encode
from features.events import Vocabulary
from features.readers import read_tape

FILLS = """timestamp,user_id,symbol_pair,side,price_usd,amount
2024-05-01 09:30:00,u1,BTCUSDT,BUY,60000,0.5
2024-05-01 09:30:01,u2,BTCUSDT,SELL,60001,0.25
"""


def test_one_sided_fills_become_trades_with_the_users_side_only(write: Callable[[str, str], Path]) -> None:
    tape = read_tape(write("fills.csv", FILLS))
    assert tape.trades is not None
    assert tape.trades["buyer_id"].to_pylist() == ["u1", None]
    assert tape.trades["seller_id"].to_pylist() == [None, "u2"]
    assert tape.trades["price"].to_pylist() == [60_000.0, 60_001.0]
    assert "aggressor" not in tape.trades.column_names
    assert tape.notes == ("one-sided fills: timestamp has times without a zone; UTC is assumed",)


def test_one_sided_fills_encode_with_unknown_aggressor_and_other_side(write: Callable[[str, str], Path]) -> None:
    vocabulary = Vocabulary()
    events = encode(read_tape(write("fills.csv", FILLS)), vocabulary, Lots())
    assert vocabulary.accounts == ["u1", "u2"]
    assert (events.account.tolist(), events.counter.tolist()) == ([0, -1], [-1, 1])
    assert events.side.tolist() == [0, 0]


def test_one_sided_fills_may_be_the_trades_of_a_folder(write: Callable[[str, str], Path]) -> None:
    assert len(read_tape(write("tape/trades.csv", FILLS).parent)) == 2
