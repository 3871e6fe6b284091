"""What is simulated: how many uploads in what time, their recipes and owners, and the limits.

Every recipe has the same number of uploads, in random order. Owners take turns.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from infra.tools.capacity.limits import LIMITS, SIMULATED, LimitKind
from infra.tools.capacity.work import Step, list_steps
from shared.pipeline import FUNCTIONS, PARTS_IN_FLIGHT, RECIPES

UPLOADS_PER_OWNER = 10
"""The default number of owners is a tenth of the uploads."""
MAX_UPLOADS = 1_000_000
COLD_START_S = 3.0
"""An estimate. Imports alone take about a second of CPU time (`tests/benchmarks/cold_start.py`)."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A burst of uploads.

    Attributes:
        uploads: Jobs whose inputs are uploaded.
        within_s: The time in which they arrive, at random.
        recipes: Their recipes, in equal shares.
        owners: Their owners, in turn.
        values: Values of limits that differ from the defaults.
        seed: Seed of the arrival times and of the variation of the work.
        parts_in_flight: Parts of a stage that are announced and not yet done, per job.
        work: Steps of recipes that differ from the measured ones.
        cold_start_s: From a request for a new instance until it serves.
    """

    uploads: int
    within_s: float
    recipes: tuple[str, ...] = tuple(RECIPES)
    owners: int = 0
    values: Mapping[str, float] = field(default_factory=dict)
    seed: int = 1
    parts_in_flight: int = PARTS_IN_FLIGHT
    work: Mapping[str, tuple[Step, ...]] = field(default_factory=dict)
    cold_start_s: float = COLD_START_S

    def __post_init__(self) -> None:
        """Raises ValueError with a message for the operator if a value is out of range."""
        if not 1 <= self.uploads <= MAX_UPLOADS:
            raise ValueError(f"uploads must be from 1 to {MAX_UPLOADS:,}, not {self.uploads:,}")
        if not self.within_s > 0:
            raise ValueError(f"the uploads need more than {self.within_s:g} s to arrive")
        unknown = [name for name in self.recipes if name not in RECIPES]
        if unknown or not self.recipes:
            raise ValueError(
                f"there is no recipe {', '.join(unknown)}; there are {', '.join(RECIPES)}"
            )
        if not 0 <= self.owners <= self.uploads:
            raise ValueError(f"owners must be from 1 to the {self.uploads:,} uploads")
        for name, value in self.values.items():
            if name not in SIMULATED:
                raise ValueError(f"there is no limit {name}; there are {', '.join(SIMULATED)}")
            if not 0 < value < math.inf:
                raise ValueError(f"the limit {name} must be more than 0, not {value:g}")
            if value < 1 and LIMITS[name].kind in (LimitKind.INSTANCES, LimitKind.OWNER):
                raise ValueError(f"the limit {name} must be at least 1, not {value:g}")
        self._check_region()

    def _check_region(self) -> None:
        """Raises ValueError if the region has no room for one instance of a function."""
        for name in dict.fromkeys(step.function for steps in self.steps for step in steps):
            row = FUNCTIONS[name]
            for limit, used in (("region-cpu", row.vcpu), ("region-memory", row.memory_mb / 1024)):
                if self.value(limit) < used:
                    raise ValueError(
                        f"the limit {limit} of {self.value(limit):g} is less than the {used:g} "
                        f"{LIMITS[limit].unit} of an instance of {name}"
                    )

    @property
    def owner_count(self) -> int:
        """The number of owners, also when it was left at its default."""
        return self.owners or max(1, self.uploads // UPLOADS_PER_OWNER)

    @property
    def steps(self) -> tuple[tuple[Step, ...], ...]:
        """The steps of each recipe, in the order of `recipes`."""
        return tuple(self.work.get(name) or list_steps(name) for name in self.recipes)

    def count_jobs(self, recipe_index: int) -> int:
        """Returns the number of uploads of the recipe at this position."""
        return len(range(recipe_index, self.uploads, len(self.recipes)))

    def value(self, limit: str) -> float:
        """Returns the value of a limit."""
        return self.values.get(limit, LIMITS[limit].value)

    def rate(self, limit: str) -> float:
        """Returns a rate limit's value per second."""
        return self.value(limit) / LIMITS[limit].per_s

    def with_factor(self, limits: tuple[str, ...], factor: float) -> Scenario:
        """Returns the scenario with these limits multiplied."""
        changed = {name: self.value(name) * factor for name in limits}
        return replace(self, values={**self.values, **changed})
