"""Draws a snapshot as lines of text."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from infra.local.cli.fault import format_rule
from infra.local.watch.pipeline import ActiveUnit
from infra.local.watch.problems import Problem
from infra.local.watch.snapshot import Snapshot, TopicStats
from infra.local.watch.text import (
    BOLD,
    CYAN,
    DIM,
    GREEN,
    PLAIN,
    RED,
    YELLOW,
    Column,
    Line,
    StyledText,
    display_width,
    format_duration,
    format_table,
    replace_control_characters,
    truncate_line,
)
from shared.errors import Service
from shared.pipeline import LEASE_S, RENEWALS_PER_LEASE

_BAR = 10
_JOB_ID_LENGTH = 8
"""Length of the prefix of a job id that is shown."""
_MAX_ROWS = 1000
_MAX_NAMES = 3
"""Up to this many services that are not ready are named; more are counted."""
_MIN_OTHER_LINES = 14
"""Lines that should remain for everything except topics."""
_STATUS_STYLES = {
    "awaiting_upload": PLAIN, "queued": PLAIN, "running": CYAN, "awaiting_review": YELLOW,
    "done": GREEN, "failed": RED, "cancelled": DIM,
}  # fmt: skip


def draw_snapshot(
    snapshot: Snapshot | None, base: int, width: int, height: int | None
) -> list[Line]:
    """Returns at most `height` lines (None: no limit) of at most `width` columns."""
    if snapshot is None:
        message = f"No suite is running on {base}. Start one with ./emulator.sh up"
        return [truncate_line([("Moodreel", BOLD), (f"  {message}", PLAIN)], width)]
    lines_above = [_header(snapshot, width), _job_counts(snapshot), []]
    busy_topics = [
        topic
        for topic in snapshot.topics
        if topic.waiting_count or topic.leased_count or topic.in_flight_count
    ]
    # Idle topics are hidden on a low screen.
    is_low = height is not None and height < len(snapshot.topics) + _MIN_OTHER_LINES
    topics = busy_topics if is_low else snapshot.topics
    lines_above += format_table(_TOPIC_COLUMNS, [_topic_row(topic) for topic in topics], width)
    for server, rule in snapshot.faults:
        lines_above.append(
            [("  fault  ", YELLOW), (replace_control_characters(format_rule(server, rule)), PLAIN)]
        )
    units = sorted(snapshot.pipeline.active_units, key=_unit_sort_key) if snapshot.pipeline else []
    row_limit = _MAX_ROWS if height is None else max(0, height - len(lines_above) - 4)
    # Errors get a third of the remaining rows, plus the rows that active units do not need.
    error_limit = max(row_limit - min(len(units), row_limit), row_limit // 3)
    errors = _group_problems(snapshot.problems)[: 20 if height is None else error_limit]
    unit_limit = max(0, row_limit - len(errors))
    lines_below: list[Line] = [[]]
    if units:
        shown_units = units if len(units) <= unit_limit else units[: max(0, unit_limit - 1)]
        lines_below += format_table(
            _UNIT_COLUMNS, [_unit_row(unit, snapshot.taken_at) for unit in shown_units], width
        )
        if len(shown_units) < len(units):
            lines_below.append([(f"  … and {len(units) - len(shown_units)} more", DIM)])
    else:
        lines_below.append([("  no active units", DIM)])
    lines_below.append([])
    lines_below += [_problem_line(problem, count) for problem, count in errors] or [
        [("  no errors", DIM)]
    ]
    lines = [truncate_line(line, width) for line in [*lines_above, *lines_below]]
    return lines if height is None else lines[:height]


def _header(snapshot: Snapshot, width: int) -> Line:
    not_ready = [name for name, service in snapshot.services.items() if not service["ready"]]
    line: Line = [("Moodreel", BOLD), (f"  on {snapshot.base}", PLAIN)]
    if snapshot.started_at:
        uptime_s = (snapshot.taken_at - snapshot.started_at).total_seconds()
        line.append((f" · up {format_duration(uptime_s)}", PLAIN))
    line.append((f" · {len(snapshot.services) - len(not_ready)} services ready", PLAIN))
    if not_ready:
        names = ", ".join(not_ready) if len(not_ready) <= _MAX_NAMES else str(len(not_ready))
        style = RED if snapshot.ready else YELLOW
        line.append((f" · {names} not ready{'' if snapshot.ready else ' yet'}", style))
    restarts = [
        f"{name} {service['restarts']}×"
        for name, service in snapshot.services.items()
        if service["restarts"]
    ]
    if restarts:
        line.append((f" · restarted: {', '.join(restarts)}", YELLOW))
    clock = snapshot.taken_at.astimezone().strftime("%H:%M:%S")
    gap = width - sum(display_width(text) for text, _ in line) - len(clock)
    return [*line, (" " * gap + clock, DIM)] if gap > 1 else line


def _job_counts(snapshot: Snapshot) -> Line:
    if snapshot.pipeline is None:
        return [
            ("jobs      ", PLAIN),
            ("Firestore does not respond", RED if snapshot.ready else DIM),
        ]
    line: Line = [("jobs      ", PLAIN)]
    for status, style in _STATUS_STYLES.items():
        if count := snapshot.pipeline.jobs_by_status.get(status, 0):
            line += [(" · ", DIM)] if len(line) > 1 else []
            line.append((f"{count} {status.replace('_', ' ')}", style))
    return line if len(line) > 1 else [*line, ("none yet", DIM)]


_TOPIC_COLUMNS = (
    Column("topic"),
    Column("waiting", align_right=True),
    Column("active", align_right=True, drop_order=1),
    Column("pushed", align_right=True, drop_order=3),
    Column("in flight", align_right=True, drop_order=5),
    Column("refused", align_right=True, drop_order=2),
    Column("per s", align_right=True, drop_order=4),
    Column("", drop_order=6),
)


def _topic_row(topic: TopicStats) -> list[StyledText]:
    return [
        (
            topic.function,
            PLAIN if topic.waiting_count or topic.leased_count or topic.in_flight_count else DIM,
        ),
        _count_cell(topic.waiting_count, CYAN),
        _count_cell(topic.leased_count, CYAN),
        _count_cell(topic.pushed_count, PLAIN),
        _count_cell(topic.in_flight_count, PLAIN),
        _count_cell(topic.refused_count, YELLOW),
        (
            ""
            if topic.pushes_per_s is None
            else f"{topic.pushes_per_s:.1f}"
            if topic.pushes_per_s
            else "·",
            DIM,
        ),
        (
            "▇" * min(topic.waiting_count, 2 * _BAR)
            + ("+" if topic.waiting_count > 2 * _BAR else ""),
            CYAN,
        ),
    ]


_UNIT_COLUMNS = (
    Column("job"),
    Column("stage"),
    Column("part"),
    Column("attempt", align_right=True, drop_order=1),
    Column("lease", align_right=True, drop_order=3),
    Column("progress", drop_order=4),
    Column("", drop_order=2),
)


def _unit_row(unit: ActiveUnit, now: datetime) -> list[StyledText]:
    # Parts are numbered from 0. The name of an input, an outcome or the join is shown as it is.
    numbered = unit.part.isdigit() and unit.part_count
    part = f"{int(unit.part) + 1} of {unit.part_count}" if numbered else unit.part
    attempt_style = YELLOW if unit.attempt > 1 else PLAIN
    if unit.lease_until is None:
        wait_s = (unit.not_before - now).total_seconds() if unit.not_before else 0
        reason = f"retry in {format_duration(wait_s)}" if wait_s > 0 else "ready to retry"
        if unit.service:
            reason = f"waits for {Service(unit.service).label}, {reason}"
        lease, bar, reason_text = (
            ("–", DIM),
            ("", PLAIN),
            f"{reason}: {unit.error_code}" if unit.error_code else reason,
        )
    else:
        lease_left_s = (unit.lease_until - now).total_seconds()
        # A live worker renews much earlier: less than half a renewal interval left is a warning.
        style = (
            RED
            if lease_left_s <= 0
            else YELLOW
            if lease_left_s < LEASE_S / RENEWALS_PER_LEASE / 2
            else PLAIN
        )
        lease = (f"{lease_left_s:.0f} s" if lease_left_s > 0 else "expired", style)
        filled = round(unit.progress * _BAR)
        bar_text = (
            f"{'█' * filled}{'░' * (_BAR - filled)} {unit.progress:4.0%}" if unit.progress else ""
        )
        bar, reason_text = (bar_text, CYAN), unit.error_code
    return [
        (replace_control_characters(unit.job)[:_JOB_ID_LENGTH], PLAIN), (unit.stage, PLAIN),
        (replace_control_characters(part), PLAIN),
        (str(unit.attempt), attempt_style), lease, bar,
        (replace_control_characters(reason_text), YELLOW),
    ]  # fmt: skip


def _unit_sort_key(unit: ActiveUnit) -> tuple[bool, int, str, str]:
    """Leased units come before waiting units, more attempts before fewer."""
    return (unit.lease_until is None, -unit.attempt, unit.job, unit.part)


def _group_problems(problems: Iterable[Problem]) -> list[tuple[Problem, int]]:
    """Returns the newest problem of each kind, newest first, with the number of its kind."""
    groups: dict[tuple[str, str], list[Problem]] = {}
    for problem in problems:
        groups.setdefault((problem.service, problem.text), []).append(problem)
    return [(group[0], len(group)) for group in groups.values()]


def _problem_line(problem: Problem, count: int) -> Line:
    style = {"WARNING": YELLOW, "INFO": PLAIN}.get(problem.severity, RED)
    time = problem.logged_at.astimezone().strftime("%H:%M:%S")
    source = (
        f"{count}× "
        if count > 1
        else f"{replace_control_characters(problem.job)[:_JOB_ID_LENGTH]} "
        if problem.job
        else ""
    )
    text = replace_control_characters(problem.text)
    return [(f"  {time}  ", DIM), (f"{problem.service}  ", PLAIN), (source, DIM), (text, style)]


def _count_cell(value: int, style: str) -> StyledText:
    return (str(value), style) if value else ("·", DIM)
