"""`tapewatch accumulation`: one-sided fills, or trades with accounts, in; a CSV of flagged users out."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from features.errors import ParameterError, TapeError
from features.readers import read_tape, refuse_own_file
from models.accumulation import fills_from_trades, flag_accumulation, write_csv
from models.parameters import Parameters


def run_accumulation(
    fills: Path,
    parameters: Parameters,
    *,
    out: Path,
    as_of: str | None = None,
    per_user: bool = False,
    against_others: bool = False,
) -> int:
    """Flag users and write them; return the number of flags.

    Args:
        fills: File of one-sided fills, or a tape with accounts; prices are taken as USD unless the tape has rates.
        parameters: The nine parameters and the tenth, and those of the siblings.
        out: CSV to write.
        as_of: End of the analysis window, ISO 8601; the last fill if left out.
        per_user: Judge a user over all symbols at once.
        against_others: Take the other users of the symbol for a benchmark, not the user's own history.

    Raises:
        TapeError: The file cannot be read, or has no trades with users.
        ParameterError: `as_of` is not a time.
    """
    refuse_own_file(fills, out, "flags")
    tape = read_tape(fills)
    if tape.trades is None or not {"buyer_id", "seller_id"} & set(tape.trades.column_names):
        raise TapeError(f"{fills}: trades must name their users (user_id, or buyer_id and seller_id), was without")
    rates = None if tape.rates is None else tape.rates.to_pandas()
    table = fills_from_trades(tape.trades.to_pandas(), rates, priced_in_usd=rates is None)
    flags = flag_accumulation(
        table,
        parameters.excessive_accumulation_own,
        None if as_of is None else _time(as_of),
        "user" if per_user else "user_symbol",
        parameters.excessive_accumulation_others if against_others else None,
    )
    write_csv(flags, out)
    return len(flags)


def _time(text: str) -> pd.Timestamp:
    time = pd.to_datetime(text, errors="coerce", utc=True)
    if pd.isna(time):
        raise ParameterError(f"--as-of must be a time in ISO 8601, was {text!r}")
    return pd.Timestamp(time)
