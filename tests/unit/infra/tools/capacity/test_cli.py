"""The command line: the answer as text and as JSON, and messages for wrong arguments."""

from __future__ import annotations

import json

import pytest

from infra.tools.capacity.cli import main, parse_time
from infra.tools.capacity.text import CHART_WIDTH, draw_chart, format_time


def test_text_names_the_limits_and_shows_every_queue(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--uploads", "500", "--within", "60s", "--recipe", "presentation"]) == 0
    output = capsys.readouterr().out
    limits = output.partition("limits, the first that binds first")[2].splitlines()[1:]
    assert limits[0].startswith("Text-to-Speech, requests")
    assert "binds" in limits[0]
    for name in ("admission", "upload_trigger", "slide_generation", "text_to_speech", "stitching"):
        assert f"\n{name} " in output
    assert "frame_extraction" not in output
    assert "Text-to-Speech, requests → 2,000" in output
    assert "cost $" in output


def test_json_has_latencies_limits_raises_queues_and_cost(
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = ["--uploads", "300", "--within", "1m", "--owners", "30", "--json", "--seed", "4"]
    assert main(arguments) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["uploads"], answer["within_s"], answer["owners"]) == (300, 60, 30)
    latency = answer["latency"]
    assert 0 < latency["p50_s"] <= latency["p95_s"] <= latency["p99_s"] <= latency["last_s"]
    assert answer["first_limit"] == answer["limits"][0]["name"] == answer["raised"][0]["limit"]
    assert len(answer["raised"]) == 3
    needs = [limit["needed_s"] for limit in answer["limits"]]
    assert needs == sorted(needs, reverse=True)
    lengths = answer["queues"]["lengths"]
    assert len({len(column) for column in lengths.values()}) == 1
    cost = answer["cost"]
    parts = cost["compute"] + cost["requests"] + cost["objects"] + cost["waiting"]
    assert cost["total"] == pytest.approx(parts)


def test_a_limit_that_is_given_replaces_the_default(capsys: pytest.CaptureFixture[str]) -> None:
    ends = []
    for value in ("20", "200"):
        arguments = ["--uploads", "500", "--within", "60", "--recipe", "frames", "--json"]
        for limit in (
            "region-memory=1000",
            "instances:frame_extraction=200",
            f"region-cpu={value}",
        ):
            arguments += ["--limit", limit]
        assert main(arguments) == 0
        ends.append(json.loads(capsys.readouterr().out)["latency"]["last_s"])
    assert ends[1] < ends[0] * 0.7


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--within", "60s"], "--uploads"),
        (["--uploads", "0", "--within", "60s"], "uploads must be from 1 to 1,000,000, not 0"),
        (["--uploads", "ten", "--within", "60s"], "invalid int value: 'ten'"),
        (["--uploads", "5", "--within", "60x"], "'60x' is no time: write 60s, 5m or 1h"),
        (["--uploads", "5", "--within", "0s"], "need more than 0 s to arrive"),
        (["--uploads", "5", "--within", "1m", "--recipe", "film"], "there is no recipe film"),
        (["--uploads", "5", "--within", "1m", "--owners", "6"], "from 1 to the 5 uploads"),
        (["--uploads", "5", "--within", "1m", "--owners", "0"], "from 1 to the 5 uploads"),
        (["--uploads", "5", "--within", "1m", "--owners", "-1"], "from 1 to the 5 uploads"),
        (["--uploads", "5", "--within", "1m", "--limit", "cpu=4"], "there is no limit cpu"),
        (["--uploads", "5", "--within", "1m", "--limit", "region-cpu"], "is not NAME=VALUE"),
        (["--uploads", "5", "--within", "1m", "--limit", "region-cpu=0"], "must be more than 0"),
        (["--uploads", "5", "--within", "1m", "--limit", "region-cpu=nan"], "must be more than 0"),
        (
            ["--uploads", "5", "--within", "1m", "--limit", "region-cpu=0.5"],
            "region-cpu of 0.5 is less than the 1 vCPU of an instance of upload_trigger",
        ),
        (
            ["--uploads", "5", "--within", "1m", "--limit", "region-memory=1"],
            "region-memory of 1 is less than the 2 GiB of an instance of upload_trigger",
        ),
        (
            ["--uploads", "5", "--within", "1m", "--limit", "running-jobs=0.5"],
            "running-jobs must be at least 1",
        ),
        (
            ["--uploads", "5", "--within", "1m", "--limit", "instances:stitching=0.5"],
            "instances:stitching must be at least 1",
        ),
    ],
)
def test_wrong_arguments_are_explained(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err


def test_times_are_read_in_seconds_minutes_and_hours() -> None:
    assert [parse_time(text) for text in ("90", "60s", "5m", "2min", "1.5h")] == [
        90, 60, 300, 120, 5_400,
    ]  # fmt: skip


def test_times_are_written_in_the_largest_useful_unit() -> None:
    times = (0.04, 59, 119.4, 600, 7_200, 90_000, 200_000)
    assert [format_time(seconds) for seconds in times] == [
        "0.0 s", "59 s", "119 s", "10 min", "2.0 h", "25.0 h", "2.3 days",
    ]  # fmt: skip


def test_chart_shows_the_longest_queue_of_each_column() -> None:
    assert draw_chart([]) == draw_chart([0, 0]) == " " * CHART_WIDTH
    assert draw_chart([0, 1, 4, 8], width=4) == " ▁▄█"
    # A peak between samples of the chart stays visible.
    assert draw_chart([0, 0, 9, 0, 0, 0], width=2) == "█ "
    assert len(draw_chart([1, 2, 3])) == CHART_WIDTH
