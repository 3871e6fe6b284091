"""The picture that `watch` shows: what matters stays on any terminal, and logs cannot steer it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from infra.local.suite.services import select_functions
from infra.local.watch.draw import draw_snapshot
from infra.local.watch.pipeline import ActiveUnit, PipelineState
from infra.local.watch.problems import Problem, ProblemLog
from infra.local.watch.snapshot import Snapshot, TopicStats
from infra.local.watch.text import display_width, render_line, replace_control_characters

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def work(**fields: object) -> ActiveUnit:
    usual = ActiveUnit(
        job="abcdefgh0123456789zz", stage="frame_extraction", part="0", part_count=4, attempt=1,
        lease_until=NOON + timedelta(seconds=40), not_before=None, progress=0.5, error_code="",
    )  # fmt: skip
    return replace(usual, **fields)  # type: ignore[arg-type]


@pytest.fixture
def shot() -> Snapshot:
    """A busy suite."""
    waiting = {"frame_extraction": 30}
    units = tuple(work(part=str(i)) for i in range(50))
    rows = [row.name for row in select_functions() if row.is_event_driven]
    return Snapshot(
        base=8600,
        taken_at=NOON,
        started_at=NOON - timedelta(minutes=5),
        ready=True,
        services={name: {"ready": name != "gcs", "restarts": 0} for name in ("gcs", "push", *rows)},
        topics=tuple(TopicStats(name, waiting.get(name, 0), 1, 7, 1, 2, 0.5) for name in rows),
        pipeline=PipelineState({"running": 3, "done": 12}, waiting, units),
        faults=(("gcs", {"id": 1, "action": {"status": 503}, "fired_count": 2,
        "matched_count": 20}),),
        problems=tuple(
            Problem(NOON, "gcs", "ERROR", "", f"Grüße 你好 {'x' * 200} {i}") for i in range(50)
        ),
    )  # fmt: skip


def shown(shot: Snapshot | None, width: int = 100, height: int | None = None) -> list[str]:
    return [render_line(line, styled=False) for line in draw_snapshot(shot, 8600, width, height)]


@pytest.mark.parametrize("width", [1, 10, 34, 60, 80, 200])
@pytest.mark.parametrize("height", [1, 8, 24, 60])
def test_a_picture_never_leaves_its_terminal(shot: Snapshot, width: int, height: int) -> None:
    lines = shown(shot, width, height)

    assert len(lines) <= height
    assert max(map(display_width, lines)) <= width


def test_what_matters_most_stays_on_a_narrow_and_low_terminal(shot: Snapshot) -> None:
    narrow = shown(shot, 34, 24)
    assert any(line.split()[:2] == ["frame_extraction", "30"] for line in narrow)

    idle = replace(
        shot, topics=tuple(replace(one, leased_count=0, in_flight_count=0) for one in shot.topics)
    )
    low = "\n".join(shown(idle, 80, 14))
    assert "frame_extraction" in low
    assert "dead_letter" not in low, "what is at rest takes the room of what is not"


def test_units_and_errors_share_the_room_and_what_is_left_out_is_counted(shot: Snapshot) -> None:
    lines = shown(shot, 100, 40)

    units = [line for line in lines if line.startswith("  abcdefgh")]
    told = next(line for line in lines if "more" in line)
    assert len(units) >= 5
    assert told.strip() == f"… and {50 - len(units)} more"
    assert sum("Grüße" in line for line in lines) >= 4


def test_a_unit_tells_its_attempt_its_lease_and_why_it_waits(shot: Snapshot) -> None:
    busy = (
        work(attempt=3, progress=0.5),
        work(part="join", lease_until=NOON - timedelta(seconds=1), progress=0),
        work(
            part="2",
            lease_until=None,
            not_before=NOON + timedelta(seconds=7),
            error_code="no-voice",
        ),
    )
    assert shot.pipeline is not None
    lines = shown(replace(shot, pipeline=replace(shot.pipeline, active_units=busy), problems=()))

    rows = [line.split() for line in lines if line.startswith("  abcdefgh")]
    assert rows[0] == [
        "abcdefgh", "frame_extraction", "1", "of", "4", "3", "40", "s", "█████░░░░░", "50%"
    ]  # fmt: skip
    assert rows[1][2:6] == ["join", "1", "ran", "out"]
    assert " ".join(rows[2][2:]) == "3 of 4 1 – again in 7 s: no-voice"


def test_who_does_not_answer_is_named(shot: Snapshot) -> None:
    assert "gcs does not" in shown(shot)[0]
    starting = {f"s{i}": {"ready": i > 3, "restarts": 0} for i in range(9)}
    assert (
        "5 services answer · 4 do not yet"
        in shown(replace(shot, ready=False, services=starting))[0]
    )
    assert shown(None)[0] == "Moodreel  No suite is up on 8600. Start one with ./emulator.sh up"


def test_the_same_error_a_hundred_times_is_one_line(shot: Snapshot) -> None:
    same = tuple(Problem(NOON, "gcs", "WARNING", f"job{i}", "slow") for i in range(100))
    lines = shown(replace(shot, problems=same))

    assert [line.split("  ")[2:] for line in lines if "slow" in line] == [["gcs", "100× slow"]]


def test_a_log_cannot_steer_the_terminal(tmp_path: Path, shot: Snapshot) -> None:
    (tmp_path / "api.log").write_text(
        '{"severity": "ERROR", "message": "\\u001b[2J\\u009b31m bad \\u0007", "time": "x"}\n'
        "gcs ERROR plain \x1b]0;title\x07 text\n"
    )
    told = ProblemLog(tmp_path).read()
    text = "\n".join(render_line(one, styled=True) for one in draw_snapshot(
        replace(shot, problems=tuple(told)), 8600, 100, None
    ))  # fmt: skip

    assert len(told) == 2
    assert set(re.findall(r"[\x00-\x09\x0b-\x1f\x7f-\x9f][^m]{0,4}", text)) <= {
        f"\x1b[{style}" for style in ("0", "1", "2", "31", "32", "33", "36")
    }
    assert replace_control_characters("a\x1bb\u202e") == "a b "


def test_only_new_lines_are_read_and_half_a_line_waits_for_its_end(tmp_path: Path) -> None:
    log = tmp_path / "api.log"
    log.write_text('{"severity": "INFO", "message": "fine"}\n{"severity": "ERROR", "mess')
    complaints = ProblemLog(tmp_path)
    assert complaints.read() == []

    with log.open("a") as more:
        more.write('age": "work.crashed", "reason": "Traceback\\nValueError: no"}\n')
    assert [one.text for one in complaints.read()] == ["work.crashed · ValueError: no"]
    assert len(complaints.read()) == 1

    log.write_text("")  # a new suite begins its logs anew
    assert len(complaints.read()) == 1
    log.write_text("not json {\n{broken\n[1] ERROR in worker\n")
    assert next(one.text for one in complaints.read()) == "in worker"
