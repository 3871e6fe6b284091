"""An event is found by its name, whatever its details are called."""

from __future__ import annotations

import json

import pytest

from shared.logs import bind, log


def test_no_detail_takes_the_place_of_the_events_name(capsys: pytest.CaptureFixture[str]) -> None:
    bind(job="j1")
    log("unit.failed", severity="ERROR", message="The file is empty.", why="empty")
    row = json.loads(capsys.readouterr().out)
    assert row["message"] == "unit.failed"
    assert (row["severity"], row["job"], row["why"]) == ("ERROR", "j1", "empty")
