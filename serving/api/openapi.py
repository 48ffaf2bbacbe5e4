"""OpenAPI of the two hot routes, which FastAPI cannot derive: from the table layouts and the msgspec structs."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from features.schema import ACCOUNTS, BOOKS, ORDERS, TRADES, Column, Layout

_REF = "#/components/schemas/{name}"
_KINDS: dict[str, dict[str, Any]] = {
    "time": {"type": "string", "format": "date-time"},
    "name": {"type": "string", "minLength": 1},
    "id": {"type": "string", "minLength": 1},
    "word": {"type": "string"},
    "number": {"type": "number"},
    "whole": {"type": "integer"},
    "flag": {"type": "boolean"},
}
_TRADE = {
    "event_id": "t-1", "timestamp": "2024-05-01T09:30:00.250000Z", "venue": "x", "symbol": "BTC/USD", "price": 60000.5,
    "quantity": 0.25, "buyer_id": "a-1", "seller_id": "a-2", "aggressor": "buy",
}  # fmt: skip
_ORDER = {
    "event_id": "o-1", "timestamp": "2024-05-01T09:30:00.100000Z", "venue": "x", "symbol": "BTC/USD", "order_id": "77",
    "account_id": "a-1", "event": "new", "side": "buy", "price": 60000.0, "quantity": 1.5,
}  # fmt: skip
_LEVEL = {
    "timestamp": "2024-05-01T09:30:00.050000Z", "venue": "x", "symbol": "BTC/USD", "side": "buy", "price": 60000.0,
    "quantity": 3.5, "snapshot": False,
}  # fmt: skip
_EVENTS = {"trades": [_TRADE], "orders": [_ORDER], "books": [_LEVEL]}
_LINES = (
    '{"table": "trades", "timestamp": "2024-05-01T09:30:00Z", "symbol": "BTC/USD", "price": 60000, "quantity": 1}\n'
)
_ARROW = (
    "Trades, orders or books: the schema's metadata names them under `table`; where it does not, the columns tell,"
    " books by their column `snapshot`."
)
_TOTALS = {
    "symbol": "BTC/USD", "current_volume": 900.0, "current_price": 61000.0, "volume_history": [100.0, 110.0, 95.0],
    "price_history": [60000.0, 60010.0, 59990.0], "user_distribution": {"a-1": 850.0, "a-2": 50.0}, "trade_count": 40,
    "timestamps": ["2024-05-01T09:27:00Z", "2024-05-01T09:28:00Z", "2024-05-01T09:29:00Z"],
    "order_cancellations": 19, "total_orders": 20,
}  # fmt: skip

EVENTS_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"$ref": _REF.format(name="Events")}, "example": _EVENTS},
            "application/x-ndjson": {
                "schema": {"type": "string", "description": "One event a line; `table` says which."},
                "example": _LINES,
            },
            "application/vnd.apache.arrow.stream": {
                "schema": {"type": "string", "format": "binary", "description": _ARROW}
            },
        },
    }
}
SCORE_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"anyOf": [{"$ref": _REF.format(name=name)} for name in ("Events", "TotalsBody")]},
                "examples": {
                    "events": {"summary": "A window of events", "value": _EVENTS},
                    "totals": {"summary": "A window told by its totals", "value": _TOTALS},
                },
            }
        },
    }
}


def answered(description: str, kind: type[msgspec.Struct]) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI description of a good answer."""
    schema = {"$ref": _REF.format(name=kind.__name__)}
    return {200: {"description": description, "content": {"application/json": {"schema": schema}}}}


def document(app: FastAPI, *kinds: type[msgspec.Struct], models: dict[str, Any]) -> dict[str, Any]:
    """Return the application's OpenAPI document.

    Args:
        app: The application.
        kinds: msgspec structs of bodies and answers.
        models: Further schemas by name.
    """
    whole = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes, tags=app.openapi_tags
    )
    _, structs = msgspec.json.schema_components(kinds, ref_template=_REF)
    schemas = whole.setdefault("components", {}).setdefault("schemas", {})
    schemas |= {**structs, **models, "Events": _events()}
    layouts = {"Trade": TRADES, "Order": ORDERS, "Level": BOOKS, "Account": ACCOUNTS}
    schemas |= {name: _rows(layout) for name, layout in layouts.items()}
    return whole


def _events() -> dict[str, Any]:
    rows = {"trades": "Trade", "orders": "Order", "books": "Level", "accounts": "Account"}
    lists = {name: {"type": "array", "items": {"$ref": _REF.format(name=row)}} for name, row in rows.items()}
    about = "Events of any markets; `accounts` says who owns which accounts."
    return {"type": "object", "description": about, "additionalProperties": False, "properties": lists}


def _rows(layout: Layout) -> dict[str, Any]:
    required = [column.name for column in layout.columns if not column.may_be_empty]
    cells = {column.name: _cell(column) for column in layout.columns}
    return {"type": "object", "description": f"A row of {layout.name}.", "required": required, "properties": cells}


def _cell(column: Column) -> dict[str, Any]:
    schema = {**_KINDS[column.kind], "description": column.rule[:1].upper() + column.rule[1:] + "."}
    bounds = {"minimum": column.least, "exclusiveMinimum": column.above, "maximum": column.most}
    schema |= {name: bound for name, bound in bounds.items() if bound is not None}
    if column.words:
        schema["enum"] = [*column.words]
    return {"anyOf": [schema, {"type": "null"}]} if column.may_be_empty else schema
