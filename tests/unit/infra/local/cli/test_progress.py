"""The progress of a job as `run` shows it."""

from __future__ import annotations

import io
from datetime import datetime

from infra.local.cli.progress import ProgressDisplay, format_interval, format_stage


def test_progress_without_a_terminal_prints_one_line_per_change() -> None:
    out = io.StringIO()
    progress = ProgressDisplay(out)
    stage = {"name": "frame_extraction", "state": "running", "done": 1, "total": 4, "attempts": 1}

    for done in (1, 1, 2, 2, 4):
        progress.show_job("running", [stage | {"done": done}])

    assert [line.split() for line in out.getvalue().splitlines()] == [
        ["frame_extraction", "running", "1/4", "25%"],
        ["frame_extraction", "running", "2/4", "50%"],
        ["frame_extraction", "running", "4/4", "100%"],
    ]


def test_progress_on_a_terminal_is_redrawn_in_place() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    out = Terminal()
    progress = ProgressDisplay(out)
    stage = {"name": "notification", "state": "waiting", "done": 0, "total": None}

    progress.show_job("running", [stage, stage])
    progress.show_job("running", [stage, stage | {"state": "done"}])

    assert out.getvalue().count("\x1b[2A") == 1


def test_queued_job_says_why_it_waits_until_it_runs() -> None:
    out = io.StringIO()
    progress = ProgressDisplay(out)
    stage = {"name": "upload_trigger", "state": "queued", "done": 0, "total": 1}

    progress.show_job("queued", [stage])
    progress.show_job("queued", [stage])
    progress.show_job("running", [stage | {"state": "running"}])

    assert out.getvalue().splitlines() == [
        "Waits for your other jobs. It starts by itself when one of them ends.",
        "upload_trigger     queued       0/1   0%",
        "upload_trigger     running      0/1   0%",
    ]


def test_interval_of_two_timestamps() -> None:
    start, end = "2026-11-21T00:00:00.500Z", "2026-11-21T00:00:02Z"

    assert format_interval(start, end) == "1.5 s"
    assert format_interval(start, None) == "–"


def test_waiting_stage_names_the_service_and_the_next_try() -> None:
    stage = {"name": "text_to_speech", "state": "running", "done": 1, "total": 4, "attempts": 1}
    next_try = datetime(2026, 1, 1, 14, 3, 20).astimezone()
    waiting = {"service": "speech", "code": "voice-overloaded", "next_try_at": next_try.isoformat()}
    line = format_stage({**stage, "waiting": waiting})
    assert line.endswith("waiting for the speech service, next try 14:03:20")
    assert "waiting" not in format_stage({**stage, "waiting": None})
