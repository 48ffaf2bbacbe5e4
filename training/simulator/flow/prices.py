"""What assets are worth: a common and an own random walk of changing volatility, with jumps; and how much people care.

Log volatility is the sum of three mean-reverting parts, which together cluster over seconds, minutes and hours;
activity follows it in part and has a life of its own.
"""

from __future__ import annotations

import math

from features.time_units import SECOND_NS
from training.simulator.arithmetic import exp, log
from training.simulator.chance import normal, pareto, uniform
from training.simulator.compiled import inner
from training.simulator.flow.agenda import push
from training.simulator.flow.touch import middle
from training.simulator.flow.world import World

FUNDAMENTAL = 8
_QUICK_S, _STEADY_S, _SLOW_S, _BUZZ_S = 60.0, 1_500.0, 14_400.0, 240.0
_QUICK, _STEADY, _SLOW = 0.3, 0.6, 0.7416  # squares sum to 1
_SENTIMENT_S = 400.0
_BUZZ = 0.7
_WILDEST = 6.0  # times the usual volatility
_JUMPS_S, _JUMP, _JUMP_TAIL = 0.0003, 9.0, 3.5  # one in half an hour; Gopikrishnan et al. 1999: inverse cubic


@inner
def drift(w: World, now: int) -> None:
    """Move every asset by one second."""
    common = len(w.streams) - 1
    shared = normal(w.streams, common)
    markets = len(w.specs)
    for a in range(len(w.assets)):
        s, asset = markets + a, w.assets[a]
        wild = asset.wildness
        asset.quick += -asset.quick / _QUICK_S + _QUICK * wild * math.sqrt(2.0 / _QUICK_S) * normal(w.streams, s)
        asset.steady += -asset.steady / _STEADY_S + _STEADY * wild * math.sqrt(2.0 / _STEADY_S) * normal(w.streams, s)
        asset.slow += -asset.slow / _SLOW_S + _SLOW * wild * math.sqrt(2.0 / _SLOW_S) * normal(w.streams, s)
        buzz = _BUZZ * asset.wildness
        asset.buzz += -asset.buzz / _BUZZ_S + buzz * math.sqrt(2.0 / _BUZZ_S) * normal(w.streams, s)
        asset.sentiment += -asset.sentiment / _SENTIMENT_S + math.sqrt(2.0 / _SENTIMENT_S) * normal(w.streams, s)
        own = math.sqrt(1.0 - asset.beta * asset.beta) * normal(w.streams, s)
        excess = exp(asset.quick + asset.steady + asset.slow - asset.wildness * asset.wildness)
        step = asset.sigma * min(excess, _WILDEST)
        step *= asset.beta * shared + own
        if uniform(w.streams, s) < _JUMPS_S:
            step *= _JUMP * min(pareto(w.streams, s, _JUMP_TAIL), 10.0)
        asset.value += step
        total = 0.0
        for market in range(asset.first, asset.first + asset.markets):
            total += log(middle(w, market))
        asset.mid = total / asset.markets
    push(w.agenda, now + SECOND_NS, FUNDAMENTAL, 0, 0, 0)


@inner
def activity(w: World, now: int, market: int) -> float:
    """Return activity now relative to its average: hour of day, volatility and buzz."""
    spec = w.specs[market]
    asset = w.assets[spec.asset]
    hours = (now % (86_400 * SECOND_NS)) / (3_600.0 * SECOND_NS)
    hour = int(hours)
    share = hours - hour
    shape = spec.hours[hour] * (1.0 - share) + spec.hours[(hour + 1) % 24] * share
    excitement = 0.6 * (asset.quick + asset.steady + asset.slow) + asset.buzz
    variance = (0.36 + _BUZZ * _BUZZ) * asset.wildness * asset.wildness
    return float(shape * exp(excitement - 0.5 * variance))
