"""Times at the edge: nanoseconds UTC inside, ISO 8601 `Z` with microseconds outside."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LOW, _HIGH = -(2**63), 2**63 - 1


def iso(ns: int) -> str:
    """Return a time as ISO 8601.

    Args:
        ns: Nanoseconds since 1970, UTC.

    Returns:
        Text with microseconds (nanoseconds are cut off) and `Z`.

    Example:
        >>> iso(1_500_000_000_123_456_789)
        '2017-07-14T02:40:00.123456Z'
    """
    return (_EPOCH + timedelta(microseconds=ns // 1000)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def nanoseconds(time: datetime) -> int:
    """Return nanoseconds since 1970; a time without zone is UTC, one beyond 64 bits (1677 to 2262) is clipped.

    Example:
        >>> nanoseconds(datetime(1970, 1, 1, 0, 0, 1))
        1000000000
    """
    aware = time if time.tzinfo else time.replace(tzinfo=UTC)
    return max(_LOW, min(_HIGH, (aware - _EPOCH) // timedelta(microseconds=1) * 1000))
