"""The cost of computing, from the working time of the functions.

USD_PER_VCPU_S and USD_PER_GIB_S are Cloud Run's list prices (tier 1, on demand). A unit is priced
from claim to end as if it had its instance alone. Failed attempts, requests, storage and other
services are not included.
"""

from __future__ import annotations

from collections.abc import Mapping

from shared.pipeline import FUNCTIONS

USD_PER_VCPU_S = 0.000024
USD_PER_GIB_S = 0.0000025


def cost_usd(function: str, seconds: float) -> float:
    """Returns the cost in US dollars of running a function for `seconds`."""
    row = FUNCTIONS[function]
    return seconds * (row.cpu * USD_PER_VCPU_S + row.memory_mb / 1024 * USD_PER_GIB_S)


def total_cost_usd(worked_ms: Mapping[str, int]) -> float:
    """Returns the cost in US dollars of working times in milliseconds, by function. A function that
    this version does not have costs nothing."""
    known = ((name, ms) for name, ms in worked_ms.items() if name in FUNCTIONS)
    return round(sum(cost_usd(name, ms / 1000) for name, ms in known), 6)
