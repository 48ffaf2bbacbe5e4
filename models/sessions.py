"""Sessions: when a venue's reference prices are made, by the parameters of `marking_the_close`."""

from __future__ import annotations

import warnings

from features.errors import ParameterError
from features.schedule import Schedule
from models.rules.marking_the_close import Params


def schedule_of(params: Params, venue: str) -> Schedule:
    """Return when a venue's reference prices are made: at the closes of its calendar, else at the fixings.

    Args:
        params: With calendars by venue, and the hours of fixings.
        venue: Name of the venue.

    Raises:
        ParameterError: Nobody knows the calendar.
    """
    name = params.calendars.get(venue)
    if name is None:
        return Schedule(tuple(sorted({round(hour * 3_600) for hour in params.fixings_h})))
    return Schedule((), _closes(name, venue))


def _closes(name: str, venue: str) -> tuple[int, ...]:
    # Only here: it takes a second to import, and most venues trade round the clock.
    import exchange_calendars  # noqa: PLC0415 -- as above

    known = exchange_calendars.get_calendar_names()
    if name not in known:
        told = "must be a calendar of exchange_calendars, such as XNYS"
        raise ParameterError(f"marking_the_close.calendars.{venue} {told}, was {name!r}")
    with warnings.catch_warnings():
        # It still reads pandas the old way; what pandas has to say about that is for its authors.
        warnings.simplefilter("ignore", DeprecationWarning)
        closes = exchange_calendars.get_calendar(name).closes
    return tuple(closes.astype("datetime64[ns, UTC]").astype("int64").tolist())
