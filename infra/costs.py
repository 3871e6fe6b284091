"""What a hundred jobs of each recipe cost on Google Cloud, out of the table and measured work.

The seconds are those of spans (`./emulator.sh trace`) of one typical job each on a machine with two
cores; memory and vCPU are the table's. Prices in US dollars, tier 1 regions, without free tiers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shared.domain.pipeline import RECIPES, STAGES

# https://cloud.google.com/functions/pricing, https://cloud.google.com/storage/pricing
VCPU_S = 0.000024
GIB_S = 0.0000025
REQUEST = 0.40 / 1e6
CLASS_A = 5.0 / 1e6
"""One object written, listed or composed."""
API_REQUESTS = 30
"""Of a person: creating, uploading, looking, downloading."""
JOBS = 100


@dataclass(frozen=True, slots=True)
class Work:
    """What a stage does for one job: deliveries, seconds of all of them, objects written."""

    deliveries: int
    seconds: float
    objects: int


@dataclass(frozen=True, slots=True)
class Cost:
    """Of `JOBS` jobs, in dollars."""

    compute: float
    requests: float
    objects: float

    @property
    def total(self) -> float:
        """All of it."""
        return self.compute + self.requests + self.objects


# Measured 2026-11: a minute of 720p video, a frame a second; eight slides; a picture under a song of
# three minutes.
TYPICAL: dict[str, tuple[str, Mapping[str, Work]]] = {
}


def cost(work: Mapping[str, Work]) -> Cost:
    """Of `JOBS` jobs that do this work, with the API requests of a person each."""
    api = STAGES["api"]
    rows = [(STAGES[name], done) for name, done in work.items()]
    rows.append((api, Work(API_REQUESTS, API_REQUESTS * 0.02, 0)))
    compute = sum(
        done.seconds * (row.vcpu * VCPU_S + row.memory_mb / 1024 * GIB_S) for row, done in rows
    )
    requests = sum(done.deliveries for _, done in rows) * REQUEST
    objects = sum(done.objects for _, done in rows) * CLASS_A
    return Cost(compute * JOBS, requests * JOBS, objects * JOBS)


def table() -> str:
    """A row a recipe whose work is known."""
    lines = [
        f"| recipe | a typical job | compute | requests | objects written | {JOBS} jobs |",
        "| --- | --- | ---: | ---: | ---: | ---: |",
    ]
    for recipe, (what, work) in TYPICAL.items():
        if recipe not in RECIPES:
            raise ValueError(f"there is no recipe {recipe}")
        one = cost(work)
        money = " | ".join(f"${part:.3f}" for part in (one.compute, one.requests, one.objects))
        lines.append(f"| `{recipe}` | {what} | {money} | **${one.total:.2f}** |")
    return "\n".join(lines)
