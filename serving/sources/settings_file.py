"""What a user sets of exchanges: keys, proxies, other addresses; `exchanges.toml` in the home.

    [kraken]
    apiKey = "…"
    [binance.urls.api]
    public = "https://testnet.binance.vision/api/v3"

Each table is handed to ccxt as it is; capitals in its name do not matter.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from serving.errors import SourceError

FILE = "exchanges.toml"


def exchange_options(home: Path, name: str) -> dict[str, Any]:
    """Return what the home's file sets of an exchange, nothing without a file or a table of that name.

    Raises:
        SourceError: The file is not TOML, or what it says of the exchange is not one table.
    """
    path = home / FILE
    if not path.exists():
        return {}
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SourceError(f"{path}: must be TOML, was not: {error}") from error
    found = [content for table, content in tables.items() if table.lower() == name.strip().lower()]
    if len(found) > 1:
        raise SourceError(f"{path}: {name} must be one table, was {len(found)} whose names differ by capitals only")
    options = found[0] if found else {}
    if not isinstance(options, dict):
        raise SourceError(f"{path}: {name} must be a table, was {options!r}")
    return options
