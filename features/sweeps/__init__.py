"""The sweeps, one kind of episode a file, and the explicit list of them."""

from __future__ import annotations

from features.schedule import HOURLY, Schedule
from features.sweeps.advancing_the_bid import AdvancingTheBid
from features.sweeps.bait import Bait
from features.sweeps.base import Sweep
from features.sweeps.clock import Clock
from features.sweeps.closing import ClosingSweep
from features.sweeps.daily import WORTH_UNKNOWN, Daily, Spans
from features.sweeps.floor_ceiling import FloorCeiling
from features.sweeps.ignition import IgnitionSweep
from features.sweeps.lead import LeadSweep
from features.sweeps.leap import Leap
from features.sweeps.no_intent_to_execute import NoIntentToExecute
from features.sweeps.ping_orders import PingOrders
from features.sweeps.quote_stuffing import QuoteStuffing
from features.sweeps.ramp import RampSweep
from features.sweeps.ring import RingSweep
from features.sweeps.sizes import Sizes
from features.sweeps.smoking import Smoking


def new_sweeps(spans: Spans = WORTH_UNKNOWN, schedule: Schedule = HOURLY) -> tuple[Sweep, ...]:
    """Return a market's sweeps, in the order in which they read each event.

    Args:
        spans: Days that users are judged over, and the worth of a lot; by default it is unknown.
        schedule: When reference prices are made.
    """
    return (
        Bait(),
        Daily(spans),
        RingSweep(),
        Sizes(),
        IgnitionSweep(),
        RampSweep(),
        LeadSweep(),
        ClosingSweep(schedule),
        QuoteStuffing(),
        PingOrders(),
        Smoking(),
        AdvancingTheBid(),
        NoIntentToExecute(),
        FloorCeiling(),
        Clock(),
        Leap(),
    )
