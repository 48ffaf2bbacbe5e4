"""What web and feeds processes say to each other."""

from __future__ import annotations

from typing import Literal, TypeVar

import msgspec

from serving.sources.feed import INTERVAL_S, FeedState

Pattern = Literal["wash_trading", "pump_and_dump", "spoofing"]
Outcome = Literal["in_flight", "caught", "missed"]
Kind = Literal[
    "feed_gap", "stale_feed", "feed_failing", "clock_jump", "alert_silence", "canary_missed", "engine_unreachable"
]


class Listed(msgspec.Struct, frozen=True):
    """One market that is to be monitored.

    Attributes:
        venue: The exchange's ccxt name.
        symbol: Unified symbol.
        interval_s: Seconds between two looks, for what is polled.
        books: Whether order books are watched, too.
        since: When it was asked for (ns UTC).
    """

    venue: str
    symbol: str
    interval_s: float = INTERVAL_S
    books: bool = True
    since: int = 0

    @property
    def market(self) -> tuple[str, str]:
        """Venue and symbol."""
        return self.venue, self.symbol


class Monitored(msgspec.Struct, frozen=True, tag=True):
    """How one monitored market is; times are ns UTC.

    Attributes:
        listed: What was asked for.
        state: What its feed does now.
        error: The last failure in a sentence; "" once it is live again.
        retry_at: When it will try again, None where it does not wait.
        retries: Failures in a row.
        connections: Times that it became live.
        events: Events delivered.
        duplicates: Events that came again.
        gaps: Holes found.
        filled: Holes filled.
        checksum_errors: Book images that did not match the exchange's checksum.
        sequence_errors: Messages whose sequence number did not follow.
        last_event: Time of the newest event.
        last_arrival: When something last came, a heartbeat too.
        lag_s: Age of the newest event when it was handed over, seconds; None before the first.
        notes: What is worth knowing, from the feed.
        alarms: Kinds of alarm that are open for it.
    """

    listed: Listed
    state: FeedState
    error: str
    retry_at: int | None
    retries: int
    connections: int
    events: int
    duplicates: int
    gaps: int
    filled: int
    checksum_errors: int
    sequence_errors: int
    last_event: int | None
    last_arrival: int | None
    lag_s: float | None
    notes: list[str] = []
    alarms: list[Kind] = []


class Alarm(msgspec.Struct, frozen=True):
    """Something that is wrong with the watch itself.

    Attributes:
        kind: What is wrong.
        venue: Where; "" for the whole service.
        symbol: Of which market; "" for the whole service.
        says: What is wrong, in a sentence.
        opened: When it was noticed (ns UTC).
        closed: When it was over; None while it lasts.
    """

    kind: Kind
    venue: str
    symbol: str
    says: str
    opened: int
    closed: int | None = None

    @property
    def subject(self) -> tuple[Kind, str, str]:
        """What it is about: of one subject one alarm is open at most."""
        return self.kind, self.venue, self.symbol


class Canary(msgspec.Struct, frozen=True):
    """One canary: synthetic abuse that the pipeline must find.

    Attributes:
        number: 1, 2, … over all patterns.
        pattern: What it shows.
        symbol: Its market on the venue `canary`.
        start: Time of its first event (ns UTC).
        end: Time of its last event (ns UTC).
        sent: When it was first sent (ns UTC).
        outcome: What became of it.
        alert_id: The alert that caught it.
        delay_s: From sending to the alert stored; None unless caught.
        event_delay_s: From the event that tipped it to the alert, by the engine's own clock; None unless caught.
    """

    number: int
    pattern: Pattern
    symbol: str
    start: int
    end: int
    sent: int
    outcome: Outcome = "in_flight"
    alert_id: str | None = None
    delay_s: float | None = None
    event_delay_s: float | None = None


class Start(msgspec.Struct, frozen=True, tag=True):
    """Monitor these symbols of an exchange; one that is monitored so already is left alone."""

    exchange: str
    symbols: list[str]
    interval_s: float
    books: bool


class Stop(msgspec.Struct, frozen=True, tag=True):
    """Monitor this market no more."""

    venue: str
    symbol: str


class AskMarkets(msgspec.Struct, frozen=True, tag=True):
    """Tell how the monitored markets are."""


class AskAlarms(msgspec.Struct, frozen=True, tag=True):
    """Tell which alarms are open, and which were."""


class AskCanaries(msgspec.Struct, frozen=True, tag=True):
    """Tell what became of canaries."""


class SendCanaries(msgspec.Struct, frozen=True, tag=True):
    """Send a canary of each of these patterns now."""

    patterns: list[Pattern]


class Markets(msgspec.Struct, frozen=True, tag=True):
    """Monitored markets.

    Attributes:
        markets: They.
        started: How many of them the request has started or changed.
        notes: What a person should know of the request.
    """

    markets: list[Monitored]
    started: int = 0
    notes: list[str] = []


class Alarms(msgspec.Struct, frozen=True, tag=True):
    """Alarms, open ones first, then the newest."""

    alarms: list[Alarm]


class Delays(msgspec.Struct, frozen=True):
    """Delays of all canaries that were caught.

    Attributes:
        within: How many were within each bound and not the one below: seconds as text to count; "inf" the rest.
        sum_s: Their sum.
    """

    within: dict[str, int] = {}
    sum_s: float = 0.0


class Canaries(msgspec.Struct, frozen=True, tag=True):
    """Canaries, newest first, and how all of them went since the first.

    Attributes:
        canaries: The latest.
        counts: How many, by "pattern outcome".
        delays: From sending to the alert stored.
        event_delays: From the event that tipped it to the alert, by the engine's own clock.
        due: When the next are due (ns UTC); None: never.
    """

    canaries: list[Canary]
    counts: dict[str, int] = {}
    delays: Delays = Delays()
    event_delays: Delays = Delays()
    due: int | None = None


class Refused(msgspec.Struct, frozen=True, tag=True):
    """A field of the request must be otherwise."""

    field: str
    must_be: str
    was: str | None


class NotMonitored(msgspec.Struct, frozen=True, tag=True):
    """There is no such market."""

    says: str


class Waits(msgspec.Struct, frozen=True, tag=True):
    """It cannot be done yet."""

    says: str


class Failed(msgspec.Struct, frozen=True, tag="MonitoringFailed"):
    """The request could not be done."""

    says: str


Request = Start | Stop | AskMarkets | AskAlarms | AskCanaries | SendCanaries
Reply = Markets | Alarms | Canaries | Refused | NotMonitored | Waits | Failed
Told = TypeVar("Told", Markets, Alarms, Canaries)
"""A good answer."""
