"""The tables of `infra/CAPACITY.md`."""

from __future__ import annotations

import math
from collections.abc import Sequence

from infra.tools.capacity.answer import FACTOR, Answer, Latency
from infra.tools.capacity.bounds import Bound
from infra.tools.capacity.limits import LIMITS, LimitKind
from infra.tools.capacity.text import describe_value, format_time, format_usd, render_queues

TARGET_S = 600.0
"""Limits to raise are computed for a burst that is done after this time."""
SHOWN_BOUNDS = 6


def _table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]], left: int = 1) -> str:
    """Returns a Markdown table whose first `left` columns are aligned left."""
    rules = ["---"] * left + ["---:"] * (len(header) - left)
    return "\n".join(f"| {' | '.join(row)} |" for row in (header, tuple(rules), *rows))


def _times(latency: Latency) -> tuple[str, ...]:
    return tuple(
        format_time(seconds)
        for seconds in (latency.p50_s, latency.p95_s, latency.p99_s, latency.last_s)
    )


def _first_limit(answer: Answer) -> str:
    return answer.binding.limit.title if answer.binding else "none"


def _sustained(answer: Answer) -> str:
    """Returns the uploads per hour that the first limit lets through."""
    per_hour = answer.scenario.uploads * 3600 / answer.bounds[0].needed_s
    return f"{per_hour:,.0f} per hour"


def render_summary(answers: list[Answer]) -> str:
    """Returns one row per number of uploads."""
    return _table(
        ("uploads", "binds first", "p50", "p95", "p99", "all done", "cost"),
        [
            (
                f"{answer.scenario.uploads:,}",
                _first_limit(answer),
                *_times(answer.latency),
                format_usd(answer.total_cost),
            )
            for answer in answers
        ],
        left=2,
    )


def render_recipes(answers: list[Answer]) -> str:
    """Returns one row per recipe."""
    return _table(
        ("recipe", "binds first", "p50", "p95", "all done", "sustained", "cost"),
        [
            (
                f"`{answer.scenario.recipes[0]}`",
                _first_limit(answer),
                *(_times(answer.latency)[n] for n in (0, 1, 3)),
                _sustained(answer),
                format_usd(answer.total_cost),
            )
            for answer in answers
        ],
        left=2,
    )


def round_up(value: float) -> float:
    """Returns the value rounded up to two significant digits."""
    if value <= 0:
        return 0
    unit = 10.0 ** (math.floor(math.log10(value)) - 1)
    return round(math.ceil(round(value / unit, 9)) * unit, 9)


def render_raises(answers: list[Answer]) -> str:
    """Returns the values with which each burst is done within TARGET_S, one row per limit that is
    too low for one of them. The instances of all functions are one setting."""
    needs: dict[str, list[float]] = {}
    for position, answer in enumerate(answers):
        for bound in answer.bounds:
            row = needs.setdefault(_setting(bound), [0.0] * len(answers))
            row[position] = max(row[position], bound.value_for(TARGET_S))
    rows = []
    for name, values in needs.items():
        limit = LIMITS.get(name, LIMITS["instances:frame_extraction"])
        title = "`max_instances`" if limit.kind is LimitKind.INSTANCES else limit.title
        cells = ["enough" if value <= limit.value else f"{round_up(value):,g}" for value in values]
        if set(cells) != {"enough"}:
            now = f"{limit.value:,g} {limit.unit}" + ("" if limit.verified else " (not verified)")
            rows.append((title, now, limit.how_to_raise, *cells))
    sizes = tuple(f"{answer.scenario.uploads:,} uploads" for answer in answers)
    return _table(("limit", "now", "how to raise it", *sizes), rows, left=3)


def _setting(bound: Bound) -> str:
    return "max_instances" if bound.limit.kind is LimitKind.INSTANCES else bound.limit.name


def _binds(position: int, bound: Bound, within_s: float) -> str:
    if not bound.binds(within_s):
        return f"no, {bound.needed_s / within_s:.0%} used"
    return "first" if position == 0 else "once those above are raised"


def render_answer(answer: Answer) -> str:
    """Returns the section of one number of uploads: queues, limits, what raising them buys."""
    within_s = answer.scenario.within_s
    bounds = _table(
        ("limit", "value", "needs", "binds"),
        [
            (
                bound.limit.title,
                describe_value(bound),
                format_time(bound.needed_s),
                _binds(position, bound, within_s),
            )
            for position, bound in enumerate(answer.bounds[:SHOWN_BOUNDS])
        ],
    )
    raised = [("now", *_times(answer.latency))]
    for position, row in enumerate(answer.raised):
        title = f"{LIMITS[row.limit].title} × {FACTOR}"
        raised.append((title, *_times(row.alone)))
        if position:
            raised.append((f"{title}, and those above", *_times(row.together)))
    times = _table(("limit", "p50", "p95", "p99", "all done"), raised)
    chart = "\n".join(render_queues(answer))
    title = f"## {answer.scenario.uploads:,} uploads within {format_time(within_s)}"
    return f"{title}\n\n```\n{chart}\n```\n\n{bounds}\n\nWhat doubling a limit buys:\n\n{times}"


def render_limits() -> str:
    """Returns all limits with their sources."""
    rows = []
    for limit in LIMITS.values():
        if limit.kind is LimitKind.INSTANCES and limit.name != "instances:upload_trigger":
            continue
        is_instances = limit.kind is LimitKind.INSTANCES
        rows.append(
            (
                "`instances:FUNCTION`" if is_instances else f"`{limit.name}`",
                "instances per function" if is_instances else limit.title,
                f"{limit.value:,g} {limit.unit}",
                "yes" if limit.verified else "**no**",
                f"<{limit.source}>" if limit.source.startswith("https:") else f"`{limit.source}`",
                limit.note + (". Not simulated" if limit.kind is LimitKind.STATIC else ""),
            )
        )
    return _table(("name", "limit", "default", "verified", "source", "note"), rows, left=6)
