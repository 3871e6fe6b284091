"""The cells of the matrix."""

from __future__ import annotations

import itertools
import random
import zlib
from dataclasses import dataclass
from typing import Any

from shared.pipeline import RECIPES
from tests.fakes.load.fault_plan import CRASH_POINTS, Delivery, Dependency


@dataclass(frozen=True)
class Cell:
    """One combination of a stage of a recipe and its faults."""

    recipe: str
    stage: str
    point: str
    delivery: Delivery
    dependency: Dependency

    @property
    def row(self) -> tuple[str, str]:
        """The row of the table: the stage and the crash point, over all recipes."""
        return self.stage, self.point

    @property
    def options(self) -> tuple[tuple[str, Any], ...]:
        """The options of the job: the one that gives it the stage, if that is optional."""
        rows = RECIPES[self.recipe].optional_stages
        return tuple((row.option, row.values[0]) for row in rows if row.name == self.stage)

    def __str__(self) -> str:
        return f"{self.recipe}/{self.stage}, {self.point}, {self.delivery}, {self.dependency}"

    def seed(self, seed: int) -> int:
        """Returns the seed of the cell's run, which does not depend on the other cells."""
        return zlib.crc32(f"{seed} {self}".encode())


def all_cells() -> list[Cell]:
    """Returns every cell, by recipe and stage. The stages of a recipe include the optional ones."""
    return [
        Cell(recipe.name, stage, point, delivery, dependency)
        for recipe in RECIPES.values()
        for stage in (*recipe.stages, *(row.name for row in recipe.optional_stages))
        for point, delivery, dependency in itertools.product(CRASH_POINTS, Delivery, Dependency)
    ]


def sample_cells(cells: list[Cell], share: float, seed: int) -> list[Cell]:
    """Returns a random share of the cells of each row, at least one, in the order of `cells`."""
    rng = random.Random(seed)
    rows: dict[tuple[str, str], list[Cell]] = {}
    for cell in cells:
        rows.setdefault(cell.row, []).append(cell)
    kept = {
        cell for row in rows.values() for cell in rng.sample(row, max(1, round(share * len(row))))
    }
    return [cell for cell in cells if cell in kept]
