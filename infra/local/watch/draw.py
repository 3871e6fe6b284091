"""A snapshot as lines of text."""

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
    format_table,
    replace_control_characters,
    truncate_line,
)
from shared.pipeline import LEASE_S, RENEWALS_PER_LEASE

_BAR = 10
_JOB_CHARS = 8
"""Of a job's id: enough to tell the jobs of a laptop apart."""
_MOST_ROWS = 1000
_NAMED = 3
"""Services that do not answer are named up to so many, then counted."""
_ROOM = 14
"""Lines that are wanted beside the topics."""
_STATES = {
    "awaiting_upload": PLAIN, "running": CYAN, "awaiting_review": YELLOW,
    "done": GREEN, "failed": RED, "cancelled": DIM,
}  # fmt: skip


def draw_snapshot(
    snapshot: Snapshot | None, base: int, width: int, height: int | None
) -> list[Line]:
    """At most `height` lines (None: as many as there are) of at most `width` columns."""
    if snapshot is None:
        told = f"No suite is up on {base}. Start one with ./emulator.sh up"
        return [truncate_line([("Moodreel", BOLD), (f"  {told}", PLAIN)], width)]
    top = [_head(snapshot, width), _jobs(snapshot), []]
    busy = [
        one
        for one in snapshot.topics
        if one.waiting_count or one.leased_count or one.in_flight_count
    ]
    # What is at rest gives way when a screen is low.
    low = height is not None and height < len(snapshot.topics) + _ROOM
    topics = busy if low else snapshot.topics
    top += format_table(_TOPIC_COLUMNS, [_topic(one) for one in topics], width)
    for server, rule in snapshot.faults:
        top.append(
            [("  fault  ", YELLOW), (replace_control_characters(format_rule(server, rule)), PLAIN)]
        )
    work = sorted(snapshot.pipeline.active_units, key=_urgency) if snapshot.pipeline else []
    left = _MOST_ROWS if height is None else max(0, height - len(top) - 4)
    # Errors get a third of what is left, and what units in work do not need.
    share = max(left - min(len(work), left), left // 3)
    errors = _once_each(snapshot.problems)[: 20 if height is None else share]
    rows = max(0, left - len(errors))
    below: list[Line] = [[]]
    if work:
        shown = work if len(work) <= rows else work[: max(0, rows - 1)]
        below += format_table(
            _WORK_COLUMNS, [_unit(one, snapshot.taken_at) for one in shown], width
        )
        if len(shown) < len(work):
            below.append([(f"  … and {len(work) - len(shown)} more", DIM)])
    else:
        below.append([("  nothing is in work", DIM)])
    below.append([])
    below += [_complaint(one, times) for one, times in errors] or [[("  no errors", DIM)]]
    lines = [truncate_line(line, width) for line in [*top, *below]]
    return lines if height is None else lines[:height]


def _head(shot: Snapshot, width: int) -> Line:
    away = [name for name, one in shot.services.items() if not one["ready"]]
    line: Line = [("Moodreel", BOLD), (f"  on {shot.base}", PLAIN)]
    if shot.started_at:
        line.append(
            (f" · up {format_duration((shot.taken_at - shot.started_at).total_seconds())}", PLAIN)
        )
    line.append((f" · {len(shot.services) - len(away)} services answer", PLAIN))
    if away:
        who = ", ".join(away) if len(away) <= _NAMED else str(len(away))
        does = "does" if len(away) == 1 else "do"
        style = RED if shot.ready else YELLOW
        line.append((f" · {who} {does} not{'' if shot.ready else ' yet'}", style))
    again = [f"{name} {one['restarts']}×" for name, one in shot.services.items() if one["restarts"]]
    if again:
        line.append((f" · restarted: {', '.join(again)}", YELLOW))
    clock = shot.taken_at.astimezone().strftime("%H:%M:%S")
    gap = width - sum(display_width(text) for text, _ in line) - len(clock)
    return [*line, (" " * gap + clock, DIM)] if gap > 1 else line


def _jobs(shot: Snapshot) -> Line:
    if shot.pipeline is None:
        return [("jobs      ", PLAIN), ("the ledger does not answer", RED if shot.ready else DIM)]
    line: Line = [("jobs      ", PLAIN)]
    for status, style in _STATES.items():
        if count := shot.pipeline.jobs_by_status.get(status, 0):
            line += [(" · ", DIM)] if len(line) > 1 else []
            line.append((f"{count} {status.replace('_', ' ')}", style))
    return line if len(line) > 1 else [*line, ("none yet", DIM)]


_TOPIC_COLUMNS = (
    Column("topic"),
    Column("waiting", align_right=True),
    Column("in work", align_right=True, drop_order=1),
    Column("pushed", align_right=True, drop_order=3),
    Column("in flight", align_right=True, drop_order=5),
    Column("refused", align_right=True, drop_order=2),
    Column("per s", align_right=True, drop_order=4),
    Column("", drop_order=6),
)


def _topic(one: TopicStats) -> list[StyledText]:
    return [
        (
            one.function,
            PLAIN if one.waiting_count or one.leased_count or one.in_flight_count else DIM,
        ),
        _number(one.waiting_count, CYAN),
        _number(one.leased_count, CYAN),
        _number(one.pushed_count, PLAIN),
        _number(one.in_flight_count, PLAIN),
        _number(one.refused_count, YELLOW),
        (
            ""
            if one.pushes_per_s is None
            else f"{one.pushes_per_s:.1f}"
            if one.pushes_per_s
            else "·",
            DIM,
        ),
        (
            "▇" * min(one.waiting_count, 2 * _BAR) + ("+" if one.waiting_count > 2 * _BAR else ""),
            CYAN,
        ),
    ]


_WORK_COLUMNS = (
    Column("job"),
    Column("stage"),
    Column("part"),
    Column("attempt", align_right=True, drop_order=1),
    Column("lease", align_right=True, drop_order=3),
    Column("progress", drop_order=4),
    Column("", drop_order=2),
)


def _unit(one: ActiveUnit, at: datetime) -> list[StyledText]:
    # Parts are counted from 0; an input's name, an outcome or the join stands for itself.
    numbered = one.part.isdigit() and one.part_count
    part = f"{int(one.part) + 1} of {one.part_count}" if numbered else one.part
    again = YELLOW if one.attempt > 1 else PLAIN
    if one.lease_until is None:
        waits_s = (one.not_before - at).total_seconds() if one.not_before else 0
        told = f"again in {format_duration(waits_s)}" if waits_s > 0 else "may be tried again"
        lease, bar, why = (
            ("–", DIM),
            ("", PLAIN),
            f"{told}: {one.error_code}" if one.error_code else told,
        )
    else:
        left_s = (one.lease_until - at).total_seconds()
        # A living worker renews long before: half a renewal before the end is close to lost.
        style = (
            RED if left_s <= 0 else YELLOW if left_s < LEASE_S / RENEWALS_PER_LEASE / 2 else PLAIN
        )
        lease = (f"{left_s:.0f} s" if left_s > 0 else "ran out", style)
        full = round(one.progress * _BAR)
        known = f"{'█' * full}{'░' * (_BAR - full)} {one.progress:4.0%}" if one.progress else ""
        bar, why = (known, CYAN), one.error_code
    return [
        (replace_control_characters(one.job)[:_JOB_CHARS], PLAIN), (one.stage, PLAIN),
        (replace_control_characters(part), PLAIN),
        (str(one.attempt), again), lease, bar, (replace_control_characters(why), YELLOW),
    ]  # fmt: skip


def _urgency(one: ActiveUnit) -> tuple[bool, int, str, str]:
    """What is held comes before what waits, many attempts before few."""
    return (one.lease_until is None, -one.attempt, one.job, one.part)


def _once_each(complaints: Iterable[Problem]) -> list[tuple[Problem, int]]:
    """The newest of every kind, newest first, with how many of the kind there were."""
    kinds: dict[tuple[str, str], list[Problem]] = {}
    for one in complaints:
        kinds.setdefault((one.service, one.text), []).append(one)
    return [(same[0], len(same)) for same in kinds.values()]


def _complaint(one: Problem, times: int) -> Line:
    style = {"WARNING": YELLOW, "INFO": PLAIN}.get(one.severity, RED)
    at = one.logged_at.astimezone().strftime("%H:%M:%S")
    whose = (
        f"{times}× "
        if times > 1
        else f"{replace_control_characters(one.job)[:_JOB_CHARS]} "
        if one.job
        else ""
    )
    text = replace_control_characters(one.text)
    return [(f"  {at}  ", DIM), (f"{one.service}  ", PLAIN), (whose, DIM), (text, style)]


def format_duration(seconds: float) -> str:
    """`5 s`, `3 min`, `2 h 10 min`."""
    whole = max(0, round(seconds))
    if whole < 120:
        return f"{whole} s"
    minutes = whole // 60
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"


def _number(value: int, style: str) -> StyledText:
    return (str(value), style) if value else ("·", DIM)
