"""What of the market abuse rules is covered: Commission Delegated Regulation (EU) 2016/522, Annex II, Section 1.

Stated in our own words and from memory, for the text was not at hand; so were letters, of which the ones that the
design cites (1(b), 1(c), 2(c), 4(e), 4(f), 5(d), 5(e), 6(a), 6(d), 6(j)) agree with it. A practice that the Annex
repeats under further indicators stands here once. Section 2, on false or misleading information, is not about orders
and trades.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

Status = Literal["covered", "partly", "not"]
UNSURE = "?"
"""In place of a letter that is not remembered for certain."""


@dataclass(frozen=True)
class Practice:
    """One practice of the Annex, and what we have against it.

    Attributes:
        mar: Indicator and letter where it is first described.
        name: What it is usually called.
        words: What it is.
        by: Detectors against it; it is not covered while none of them exists.
        gap: What they leave open; "" where they cover it.
        repeated: Further indicators under which the Annex lists it.
    """

    mar: str
    name: str
    words: str
    by: tuple[str, ...]
    gap: str = ""
    repeated: tuple[str, ...] = ()

    def status(self, existing: Collection[str]) -> Status:
        """Return how far it is covered by the detectors that exist."""
        if not set(self.by) & set(existing):
            return "not"
        return "partly" if self.gap or not set(self.by) <= set(existing) else "covered"

    def left(self, existing: Collection[str]) -> str:
        """Return what the detectors that exist leave open, and which do not exist; "" where nothing."""
        missing = [name for name in self.by if name not in existing]
        gap = "" if self.by and len(missing) == len(self.by) else self.gap
        return "; ".join(text for text in (gap, f"to come: {', '.join(missing)}" if missing else "") if text)


INDICATORS = {
    "1": "orders or trades that are a large part of the volume and move the price",
    "2": "people with a large position who move the price",
    "3": "trades that change no ownership",
    "4": "positions reversed within a short time",
    "5": "trading concentrated in a short span, and a price that comes back",
    "6": "orders that change the touch or the look of the book, and are gone before they trade",
    "7": "trading around the moment at which a reference price is taken",
}

PRACTICES: tuple[Practice, ...] = (
    Practice(
        "1(a)", "collusion after an initial offering",
        "Colluding parties buy what they were allotted more of, right after the offering, to lift its price.",
        ("concentrated_trading",),
        "the concentration is seen; who was allotted what is on no tape", ("2",),
    ),
    Practice(
        "1(b)", "floor or ceiling", "Orders or trades that keep the price from passing a level.",
        ("floor_ceiling",), repeated=("5", "7"),
    ),
    Practice(
        "1(c)", "ping orders", "Small orders to find out what is hidden in the book.",
        ("ping_orders",), repeated=("6",),
    ),
    Practice(
        "1(d)", "phishing", "Orders to uncover what others want, then an order that profits from knowing it.",
        ("ping_orders", "front_running"),
        "the probing and the running ahead are seen, not that one led to the other", ("6",),
    ),
    Practice(
        "2(b)", "abusive squeeze", "A dominant hold on supply or delivery is used to distort the price.", (),
        "positions and what can be delivered are on no tape",
    ),
    Practice(
        "2(c)", "inter-venue manipulation", "Trading on one venue to move the price of the same thing on another.",
        ("inter_venue_manipulation",),
        "a position of minutes in the hands of the one who moves the other venue is seen, an older or another's is not",
        ("5", "7"),
    ),
    Practice(
        "2(d)", "cross-product manipulation", "Trading one thing to move the price of a related one.", (),
        "which instruments are related is not known to us", ("5", "7"),
    ),
    Practice(
        "3(a)", "wash trades", "Trades in which neither ownership nor risk changes, or only between partners.",
        ("wash_trading", "cross_market_wash"),
    ),
    Practice(
        "3(b)", "painting the tape", "Trades that show the public activity or a price that is not there.",
        ("wash_trading", "ramping"),
        "volume in a circle and a price walked along are seen; a show made of other trades is not", ("4",),
    ),
    Practice(
        "3(c)", "improper matched orders",
        "Buys and sells entered together at like price and size, by one party or by partners.",
        ("wash_trading",), "that they trade with each other is seen, not that they agreed on it", ("4",),
    ),
    Practice(
        "3(d)", "concealed ownership", "Trades that hide who owns, in another's name.", (),
        "who owns what behind an account is known only as far as the list of accounts says",
    ),
    Practice(
        "4(c)", "pump and dump", "A long position, more buying or talking to lift the price, then the sale.",
        ("pump_and_dump",), "rise, fall and sellers are seen; what was said to the public is not",
    ),
    Practice(
        "4(d)", "trash and cash", "The mirror: a short position, selling or talking the price down, then the purchase.",
        ("dump_and_pump",), "fall, rise and buyers are seen; what was said to the public is not",
    ),
    Practice(
        "4(e)", "quote stuffing", "So many orders, changes and cancels that others are slowed or blinded.",
        ("quote_stuffing",), repeated=("5", "6"),
    ),
    Practice(
        "4(f)", "momentum ignition", "Orders that start or feed a trend, to trade against who follows.",
        ("momentum_ignition",), repeated=("5", "6"),
    ),
    Practice(
        "5(d)", "marking the close", "Trading just when a reference price is taken, to move it or hold it.",
        ("marking_the_close",), repeated=("7",),
    ),
    Practice(
        "5(e)", "layering and spoofing",
        "Orders on one side to get a trade on the other, taken away once it is done.",
        ("layering", "spoofing"), repeated=("6",),
    ),
    Practice(
        "6(a)", "orders with no intention to execute",
        "Orders that show interest at a price and are gone before they trade.",
        ("no_intent_to_execute", "spoofing", "layering", "vanishing_wall"),
    ),
    Practice(
        f"6({UNSURE})", "excessive bid-offer spreads", "Market power keeps the spread at an artificial width.", (),
        "no detector looks at who makes the spread",
    ),
    Practice(
        "6(d)", "advancing the bid", "Orders that raise the bid or lower the offer to carry the price.",
        ("advancing_the_bid",),
    ),
    Practice(
        "6(j)", "smoking", "Orders that draw in the slow, made worse just before these arrive.", ("smoking",),
    ),
    Practice(
        f"7({UNSURE})", "distorted costs of a commodity contract",
        "Freight, storage or the like is arranged so that a settlement price comes out wrong.", (),
        "it happens off the venue",
    ),
)  # fmt: skip
"""Every practice of the section, once."""
