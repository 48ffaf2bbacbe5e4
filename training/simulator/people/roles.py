"""Recording who innocently does, all the time, what careless rules take for abuse."""

from __future__ import annotations

from training.simulator.labels import Row, innocent_row
from training.simulator.people.population import ROLES
from training.simulator.people.stage import Room


def role_rows(room: Room, tape: int) -> list[Row]:
    """Return one row for every market maker, fast quoter, omnibus account and arbitrageur in each of its markets.

    Args:
        room: The tape's shared state, at its end.
        tape: Number of the tape.
    """
    world, rows = room.world, list[Row]()
    for market in room.markets:
        makers = world.makers[world.makers["market"] == market.number]
        pairs = [
            ("latency_sensitive_quoter" if m["flashes"] > 0.0 else "market_maker", int(m["account"])) for m in makers
        ]
        pairs += [("omnibus_account", account) for account in ROLES["omnibus"]]
        if len({m.venue.name for m in room.markets}) > 1:
            pairs += [("cross_venue_arbitrageur", account) for account in ROLES["arbitrageurs"]]
        for kind, account in pairs:
            if not world.people.volume[account, market.number]:
                continue
            name = room.population.accounts[account].account_id
            rows.append(
                innocent_row(kind, market.venue.name, market.symbol.name, name, room.span, (0, 0), tape)
            )  # fmt: skip
        if market.symbol.active <= THIN:
            rows.append(innocent_row("thin_market", market.venue.name, market.symbol.name, "", room.span, (0, 0), tape))
    return rows


THIN = 40
