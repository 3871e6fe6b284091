"""The progress of a job as the command shows it without a terminal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from moodreel.cli.display import JobProgress, format_interval, format_size
from moodreel.models import JobView
from tests.unit.client.job_views import make_job


def show(*jobs: JobView) -> None:
    with JobProgress() as progress:
        for job in jobs:
            progress.show_job(job)


def stage(**fields: Any) -> dict[str, Any]:
    return {"name": "frame_extraction", "state": "running", "done": 1, "total": 4, **fields}


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    captured = capsys.readouterr()
    assert captured.out == ""
    return [" ".join(line.split()) for line in captured.err.splitlines()]


def test_each_change_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    show(*(make_job(stage(done=done, progress=done / 4)) for done in (1, 1, 2, 2, 4)))

    assert lines(capsys) == [
        "frame_extraction running 1/4 25%",
        "frame_extraction running 2/4 50%",
        "frame_extraction running 4/4 100%",
    ]


def test_queued_job_says_why_it_waits(capsys: pytest.CaptureFixture[str]) -> None:
    queued = make_job(stage(state="queued"), status="queued")
    show(queued, queued, make_job(stage()))

    assert lines(capsys)[0] == (
        "Waits for your other jobs. It starts by itself when one of them ends."
    )
    assert len(lines(capsys)) == 0


def test_waiting_stage_names_the_service(capsys: pytest.CaptureFixture[str]) -> None:
    now = datetime.now(UTC)
    waiting = {
        "service": "speech",
        "service_label": "the speech service",
        "code": "speech-unavailable",
        "since": now,
        "next_try_at": now,
    }
    show(make_job(stage(waiting=waiting, attempts=2)))

    (line,) = lines(capsys)
    assert "attempt 2 waiting for the speech service, next try" in line


def test_transfers_are_shown_once_they_are_complete(capsys: pytest.CaptureFixture[str]) -> None:
    with JobProgress() as progress:
        for done in (0, 500_000, 1_000_000, 1_000_000):
            progress.show_transfer("a.mp4", done, 1_000_000)

    assert lines(capsys) == ["a.mp4: 1.0 MB"]


def test_units() -> None:
    start = datetime(2026, 11, 21, tzinfo=UTC)

    assert format_interval(start, start + timedelta(seconds=1.5)) == "1.5 s"
    assert format_interval(start, None) == "–"
    assert [format_size(size) for size in (300, 250_000, 12_300_000_000)] == [
        "0.3 kB",
        "0.2 MB",
        "12.3 GB",
    ]
