"""Tests of the screen of `watch`: size limits, priorities, and control characters in logs."""

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


def active_unit(**fields: object) -> ActiveUnit:
    default = ActiveUnit(
        job="abcdefgh0123456789zz", stage="frame_extraction", part="0", part_count=4, attempt=1,
        lease_until=NOON + timedelta(seconds=40), not_before=None, progress=0.5, error_code="",
    )  # fmt: skip
    return replace(default, **fields)  # type: ignore[arg-type]


@pytest.fixture
def snapshot() -> Snapshot:
    """A busy suite."""
    waiting = {"frame_extraction": 30}
    units = tuple(active_unit(part=str(i)) for i in range(50))
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


def draw(snapshot: Snapshot | None, width: int = 100, height: int | None = None) -> list[str]:
    return [
        render_line(line, styled=False) for line in draw_snapshot(snapshot, 8600, width, height)
    ]


@pytest.mark.parametrize("width", [1, 10, 34, 60, 80, 200])
@pytest.mark.parametrize("height", [1, 8, 24, 60])
def test_lines_fit_the_terminal(snapshot: Snapshot, width: int, height: int) -> None:
    lines = draw(snapshot, width, height)

    assert len(lines) <= height
    assert max(map(display_width, lines)) <= width


def test_active_topics_stay_on_a_narrow_and_low_terminal(snapshot: Snapshot) -> None:
    narrow = draw(snapshot, 34, 24)
    assert any(line.split()[:2] == ["frame_extraction", "30"] for line in narrow)

    idle = replace(
        snapshot,
        topics=tuple(
            replace(topic, leased_count=0, in_flight_count=0) for topic in snapshot.topics
        ),
    )
    low = "\n".join(draw(idle, 80, 14))
    assert "frame_extraction" in low
    assert "dead_letter" not in low, "idle topics must be hidden"


def test_units_and_errors_share_the_space_and_hidden_units_are_counted(snapshot: Snapshot) -> None:
    lines = draw(snapshot, 100, 40)

    units = [line for line in lines if line.startswith("  abcdefgh")]
    hidden = next(line for line in lines if "more" in line)
    assert len(units) >= 5
    assert hidden.strip() == f"… and {50 - len(units)} more"
    assert sum("Grüße" in line for line in lines) >= 4


def test_unit_row_shows_attempt_lease_and_reason_for_waiting(snapshot: Snapshot) -> None:
    busy = (
        active_unit(attempt=3, progress=0.5),
        active_unit(part="join", lease_until=NOON - timedelta(seconds=1), progress=0),
        active_unit(
            part="2",
            lease_until=None,
            not_before=NOON + timedelta(seconds=7),
            error_code="no-voice",
        ),
    )
    assert snapshot.pipeline is not None
    lines = draw(
        replace(snapshot, pipeline=replace(snapshot.pipeline, active_units=busy), problems=())
    )

    rows = [line.split() for line in lines if line.startswith("  abcdefgh")]
    assert rows[0] == [
        "abcdefgh", "frame_extraction", "1", "of", "4", "3", "40", "s", "█████░░░░░", "50%"
    ]  # fmt: skip
    assert rows[1][2:5] == ["join", "1", "expired"]
    assert " ".join(rows[2][2:]) == "3 of 4 1 – retry in 7 s: no-voice"


def test_services_that_are_not_ready_are_named_or_counted(snapshot: Snapshot) -> None:
    assert "gcs not ready" in draw(snapshot)[0]
    starting = {f"s{i}": {"ready": i > 3, "restarts": 0} for i in range(9)}
    assert (
        "5 services ready · 4 not ready yet"
        in draw(replace(snapshot, ready=False, services=starting))[0]
    )
    assert draw(None)[0] == "Moodreel  No suite is running on 8600. Start one with ./emulator.sh up"


def test_repeated_errors_become_one_line_with_a_count(snapshot: Snapshot) -> None:
    same = tuple(Problem(NOON, "gcs", "WARNING", f"job{i}", "slow") for i in range(100))
    lines = draw(replace(snapshot, problems=same))

    assert [line.split("  ")[2:] for line in lines if "slow" in line] == [["gcs", "100× slow"]]


def test_control_characters_of_logs_do_not_reach_the_terminal(
    tmp_path: Path, snapshot: Snapshot
) -> None:
    (tmp_path / "api.log").write_text(
        '{"severity": "ERROR", "message": "\\u001b[2J\\u009b31m bad \\u0007", "time": "x"}\n'
        "gcs ERROR plain \x1b]0;title\x07 text\n"
    )
    problems = ProblemLog(tmp_path).read()
    text = "\n".join(render_line(line, styled=True) for line in draw_snapshot(
        replace(snapshot, problems=tuple(problems)), 8600, 100, None
    ))  # fmt: skip

    assert len(problems) == 2
    assert set(re.findall(r"[\x00-\x09\x0b-\x1f\x7f-\x9f][^m]{0,4}", text)) <= {
        f"\x1b[{style}" for style in ("0", "1", "2", "31", "32", "33", "36")
    }
    assert replace_control_characters("a\x1bb\u202e") == "a b "


def test_problem_log_reads_only_new_and_complete_lines(tmp_path: Path) -> None:
    log = tmp_path / "api.log"
    log.write_text('{"severity": "INFO", "message": "fine"}\n{"severity": "ERROR", "mess')
    problems = ProblemLog(tmp_path)
    assert problems.read() == []

    with log.open("a") as file:
        file.write('age": "work.crashed", "reason": "Traceback\\nValueError: no"}\n')
    assert [problem.text for problem in problems.read()] == ["work.crashed · ValueError: no"]
    assert len(problems.read()) == 1

    log.write_text("")  # a new suite truncates its logs
    assert len(problems.read()) == 1
    log.write_text("not json {\n{broken\n[1] ERROR in worker\n")
    assert next(problem.text for problem in problems.read()) == "in worker"


def test_unit_that_waits_names_its_service(snapshot: Snapshot) -> None:
    unit = active_unit(
        lease_until=None,
        not_before=NOON + timedelta(seconds=90),
        error_code="voice-overloaded",
        service="speech",
    )
    state = replace(snapshot.pipeline, active_units=(unit,)) if snapshot.pipeline else None
    text = "\n".join(draw(replace(snapshot, pipeline=state), width=200))
    assert "waits for the speech service, retry in 90 s: voice-overloaded" in text
