"""A snapshot as lines of text."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from infra.local.cli.fault import rule_line
from infra.local.watch.pipeline import Work
from infra.local.watch.problems import Complaint
from infra.local.watch.snapshot import Snapshot, Topic
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
    Piece,
    fit,
    printable,
    table,
    width_of,
)
from shared.pipeline import LEASE_S, RENEWALS

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


def picture(shot: Snapshot | None, base: int, width: int, height: int | None) -> list[Line]:
    """At most `height` lines (None: as many as there are) of at most `width` columns."""
    if shot is None:
        told = f"No suite is up on {base}. Start one with ./emulator.sh up"
        return [fit([("Moodreel", BOLD), (f"  {told}", PLAIN)], width)]
    top = [_head(shot, width), _jobs(shot), []]
    busy = [one for one in shot.topics if one.waiting or one.in_work or one.in_flight]
    # What is at rest gives way when a screen is low.
    low = height is not None and height < len(shot.topics) + _ROOM
    topics = busy if low else shot.topics
    top += table(_TOPIC_COLUMNS, [_topic(one) for one in topics], width)
    for server, rule in shot.faults:
        top.append([("  fault  ", YELLOW), (printable(rule_line(server, rule)), PLAIN)])
    work = sorted(shot.ledger.work, key=_urgency) if shot.ledger else []
    left = _MOST_ROWS if height is None else max(0, height - len(top) - 4)
    # Errors get a third of what is left, and what units in work do not need.
    share = max(left - min(len(work), left), left // 3)
    errors = _once_each(shot.complaints)[: 20 if height is None else share]
    rows = max(0, left - len(errors))
    below: list[Line] = [[]]
    if work:
        shown = work if len(work) <= rows else work[: max(0, rows - 1)]
        below += table(_WORK_COLUMNS, [_unit(one, shot.at) for one in shown], width)
        if len(shown) < len(work):
            below.append([(f"  … and {len(work) - len(shown)} more", DIM)])
    else:
        below.append([("  nothing is in work", DIM)])
    below.append([])
    below += [_complaint(one, times) for one, times in errors] or [[("  no errors", DIM)]]
    lines = [fit(line, width) for line in [*top, *below]]
    return lines if height is None else lines[:height]


def _head(shot: Snapshot, width: int) -> Line:
    away = [name for name, one in shot.services.items() if not one["ready"]]
    line: Line = [("Moodreel", BOLD), (f"  on {shot.base}", PLAIN)]
    if shot.started_at:
        line.append((f" · up {span((shot.at - shot.started_at).total_seconds())}", PLAIN))
    line.append((f" · {len(shot.services) - len(away)} services answer", PLAIN))
    if away:
        who = ", ".join(away) if len(away) <= _NAMED else str(len(away))
        does = "does" if len(away) == 1 else "do"
        style = RED if shot.ready else YELLOW
        line.append((f" · {who} {does} not{'' if shot.ready else ' yet'}", style))
    again = [f"{name} {one['restarts']}×" for name, one in shot.services.items() if one["restarts"]]
    if again:
        line.append((f" · restarted: {', '.join(again)}", YELLOW))
    clock = shot.at.astimezone().strftime("%H:%M:%S")
    gap = width - sum(width_of(text) for text, _ in line) - len(clock)
    return [*line, (" " * gap + clock, DIM)] if gap > 1 else line


def _jobs(shot: Snapshot) -> Line:
    if shot.ledger is None:
        return [("jobs      ", PLAIN), ("the ledger does not answer", RED if shot.ready else DIM)]
    line: Line = [("jobs      ", PLAIN)]
    for status, style in _STATES.items():
        if count := shot.ledger.jobs.get(status, 0):
            line += [(" · ", DIM)] if len(line) > 1 else []
            line.append((f"{count} {status.replace('_', ' ')}", style))
    return line if len(line) > 1 else [*line, ("none yet", DIM)]


_TOPIC_COLUMNS = (
    Column("topic"),
    Column("waiting", right=True),
    Column("in work", right=True, drop=1),
    Column("pushed", right=True, drop=3),
    Column("in flight", right=True, drop=5),
    Column("refused", right=True, drop=2),
    Column("per s", right=True, drop=4),
    Column("", drop=6),
)


def _topic(one: Topic) -> list[Piece]:
    return [
        (one.stage, PLAIN if one.waiting or one.in_work or one.in_flight else DIM),
        _number(one.waiting, CYAN),
        _number(one.in_work, CYAN),
        _number(one.pushed, PLAIN),
        _number(one.in_flight, PLAIN),
        _number(one.refused, YELLOW),
        ("" if one.per_s is None else f"{one.per_s:.1f}" if one.per_s else "·", DIM),
        ("▇" * min(one.waiting, 2 * _BAR) + ("+" if one.waiting > 2 * _BAR else ""), CYAN),
    ]


_WORK_COLUMNS = (
    Column("job"),
    Column("stage"),
    Column("part"),
    Column("attempt", right=True, drop=1),
    Column("lease", right=True, drop=3),
    Column("progress", drop=4),
    Column("", drop=2),
)


def _unit(one: Work, at: datetime) -> list[Piece]:
    # Parts are counted from 0; an input's name, an outcome or the join stands for itself.
    numbered = one.part.isdigit() and one.parts
    part = f"{int(one.part) + 1} of {one.parts}" if numbered else one.part
    again = YELLOW if one.attempt > 1 else PLAIN
    if one.lease_until is None:
        waits_s = (one.not_before - at).total_seconds() if one.not_before else 0
        told = f"again in {span(waits_s)}" if waits_s > 0 else "may be tried again"
        lease, bar, why = ("–", DIM), ("", PLAIN), f"{told}: {one.code}" if one.code else told
    else:
        left_s = (one.lease_until - at).total_seconds()
        # A living worker renews long before: half a renewal before the end is close to lost.
        style = RED if left_s <= 0 else YELLOW if left_s < LEASE_S / RENEWALS / 2 else PLAIN
        lease = (f"{left_s:.0f} s" if left_s > 0 else "ran out", style)
        full = round(one.progress * _BAR)
        known = f"{'█' * full}{'░' * (_BAR - full)} {one.progress:4.0%}" if one.progress else ""
        bar, why = (known, CYAN), one.code
    return [
        (printable(one.job)[:_JOB_CHARS], PLAIN), (one.stage, PLAIN), (printable(part), PLAIN),
        (str(one.attempt), again), lease, bar, (printable(why), YELLOW),
    ]  # fmt: skip


def _urgency(one: Work) -> tuple[bool, int, str, str]:
    """What is held comes before what waits, many attempts before few."""
    return (one.lease_until is None, -one.attempt, one.job, one.part)


def _once_each(complaints: Iterable[Complaint]) -> list[tuple[Complaint, int]]:
    """The newest of every kind, newest first, with how many of the kind there were."""
    kinds: dict[tuple[str, str], list[Complaint]] = {}
    for one in complaints:
        kinds.setdefault((one.service, one.text), []).append(one)
    return [(same[0], len(same)) for same in kinds.values()]


def _complaint(one: Complaint, times: int) -> Line:
    style = {"WARNING": YELLOW, "INFO": PLAIN}.get(one.severity, RED)
    at = one.at.astimezone().strftime("%H:%M:%S")
    whose = f"{times}× " if times > 1 else f"{printable(one.job)[:_JOB_CHARS]} " if one.job else ""
    text = printable(one.text)
    return [(f"  {at}  ", DIM), (f"{one.service}  ", PLAIN), (whose, DIM), (text, style)]


def span(seconds: float) -> str:
    """`5 s`, `3 min`, `2 h 10 min`."""
    whole = max(0, round(seconds))
    if whole < 120:
        return f"{whole} s"
    minutes = whole // 60
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"


def _number(value: int, style: str) -> Piece:
    return (str(value), style) if value else ("·", DIM)
