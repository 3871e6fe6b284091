"""The cost of computing, from the working time of the stages."""

from __future__ import annotations

from collections.abc import Mapping

from shared.pipeline import FUNCTIONS
from shared.pricing.job_cost import compute_usd


def total_compute_usd(worked_ms: Mapping[str, int]) -> float:
    """Returns the cost in US dollars of working times in milliseconds, by function. A function that
    this version does not have costs nothing."""
    known = ((name, ms) for name, ms in worked_ms.items() if name in FUNCTIONS)
    return round(sum(compute_usd(name, ms / 1000) for name, ms in known), 6)
