"""`infra/CAPACITY.md`, rendered from simulations, and the table of limits to raise in DEPLOY.md.

The simulations take about a minute of CPU time. The page therefore states a digest of all inputs
and one of its own text. `render` simulates only when one of them is not current, `--check` never.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import astuple
from pathlib import Path

from infra.tools import costs
from infra.tools.capacity.answer import Answer, find_answer
from infra.tools.capacity.limits import LIMITS
from infra.tools.capacity.page_tables import (
    render_answer,
    render_limits,
    render_raises,
    render_recipes,
    render_summary,
)
from infra.tools.capacity.scenario import Scenario
from infra.tools.capacity.text import format_time
from infra.tools.capacity.work import find_work, list_steps
from shared.pipeline import FUNCTIONS, PARTS_IN_FLIGHT, PIPELINE_STAGES, RECIPES

SIZES = (100, 1_000, 10_000, 100_000)
WITHIN_S = 60.0
RECIPE_SIZE = 10_000
"""Uploads of one recipe, for the comparison of the recipes."""
_TEMPLATE = Path(__file__).with_name("page.txt")
_DIGESTS = re.compile(r"<!-- inputs (\w+), text (\w+) -->\n")
_RAISES = re.compile(r"<!-- limits to raise -->\n(.*?)\n<!-- /limits to raise -->", re.DOTALL)


def digest_inputs() -> str:
    """Returns a digest of everything that the page depends on: the table's rows, the measured
    work, prices, limits, and the source of this package."""
    rows = [
        (row.vcpu, row.memory_mb, row.concurrency, row.timeout_s)
        for row in (FUNCTIONS[name] for name in PIPELINE_STAGES)
    ]
    work = {name: [astuple(step) for step in list_steps(name)] for name in RECIPES}
    prices = {name: astuple(costs.estimate_cost(find_work(name))) for name in RECIPES}
    limits = [astuple(limit) for limit in LIMITS.values()]
    digest = hashlib.sha256(json.dumps([rows, work, prices, limits, PARTS_IN_FLIGHT]).encode())
    for path in (*sorted(Path(__file__).parent.glob("*.py")), _TEMPLATE):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def is_current(page: str) -> bool:
    """Whether the page was rendered from the current inputs and not edited since."""
    digests = _DIGESTS.search(page)
    return (
        digests is not None
        and digests[1] == digest_inputs()
        and digests[2] == _digest_text(_DIGESTS.sub("", page))
    )


def extract_raises(page: str) -> str:
    """Returns the table of limits to raise. Raises ValueError if the page has none."""
    table = _RAISES.search(page)
    if table is None:
        raise ValueError("infra/CAPACITY.md has no table of limits to raise")
    return table[1]


def render_page() -> str:
    """Simulates all sizes and returns the page."""
    answers = [find_answer(Scenario(size, WITHIN_S)) for size in SIZES]
    recipes = [find_answer(Scenario(RECIPE_SIZE, WITHIN_S, (name,)), 0) for name in RECIPES]
    text = _compose(answers, recipes)
    return text.replace(
        "\n", f"\n\n<!-- inputs {digest_inputs()}, text {_digest_text(text)} -->\n", 1
    )


def _digest_text(text: str) -> str:
    return hashlib.sha256("".join(text.split()).encode()).hexdigest()[:16]


def _compose(answers: list[Answer], recipes: list[Answer]) -> str:
    sections = "\n\n".join(render_answer(answer) for answer in answers)
    return _TEMPLATE.read_text().format(
        within=format_time(WITHIN_S),
        recipe_size=f"{RECIPE_SIZE:,}",
        summary=render_summary(answers),
        recipes=render_recipes(recipes),
        raises=render_raises(answers),
        sections=sections,
        limits=render_limits(),
    )
