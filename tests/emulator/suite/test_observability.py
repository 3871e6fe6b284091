"""What an operator sees of a job, and what nobody may see of it: logs and traces."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
from typing import Any

import pytest

from infra.local.cli.waterfall import draw_waterfall, find_spans
from infra.local.setup.installs import clean_env
from infra.local.suite.handle import SuiteHandle, wait_until
from infra.local.suite.http import request
from infra.local.suite.layout import ROOT
from infra.local.suite.services import TRACES_FOLDER
from shared.pipeline import FUNCTIONS
from shared.recipes.films.prompt import Prompt
from shared.runtime.tracing import job_traceparent

pytestmark = pytest.mark.suite

CANARY = f"canary{secrets.token_hex(6)}"
"""Planted wherever a person can write something."""


@pytest.fixture(scope="module")
def told(suite: SuiteHandle, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A film out of a prompt and a job that fails, by someone whose every word is a canary."""
    folder = tmp_path_factory.mktemp("observed")
    client = suite.client(suite.user(f"{CANARY}-address@moodreel.test"))
    prompt = folder / f"{CANARY}-file.txt"
    prompt.write_bytes(Prompt(f"How the {CANARY} bird sings in the morning").to_bytes())
    title = f"{CANARY} title"
    good = suite.start_job(client, "presentation", prompt, options={"slides": "3"}, title=title)
    broken = folder / f"{CANARY}-broken.mp4"
    broken.write_bytes(b"\0\0\0\x18ftypisom" + secrets.token_bytes(4000))
    bad = suite.start_job(client, "frames", broken, title=title)
    done = suite.wait_for_job(client, good)
    assert done["status"] == "done", done["error"]
    assert suite.wait_for_job(client, bad)["status"] == "failed"
    link = wait_until(lambda: next(iter(links(suite, client.user.email)), None), "the mail")
    opened = request("GET", link)
    return {
        "job": good,
        "failed": bad,
        "id token": client.user.token,
        "share token": link.rsplit("/", 1)[1],
        "signature": opened.headers["Location"].split("X-Goog-Signature=")[1].split("&")[0],
    }


def links(suite: SuiteHandle, address: str) -> list[str]:
    words = [word for mail in suite.list_emails(address) for word in mail["text"].split()]
    return [word for word in words if "/v1/share/" in word]


def logs(suite: SuiteHandle) -> dict[str, str]:
    """What every function wrote, and the spans of all."""
    rows = (row.name for row in FUNCTIONS.values() if row.is_built)
    found = {name: suite.read_log(name) for name in rows}
    traces = (suite.place.folder / TRACES_FOLDER).glob("*.jsonl")
    return found | {f"traces/{path.name}": path.read_text() for path in traces}


def test_no_log_tells_what_people_wrote_who_they_are_or_what_opens_something(
    suite: SuiteHandle, told: dict[str, Any]
) -> None:
    written = logs(suite)
    planted = {"a person's own words or address": CANARY} | {
        name: told[name] for name in ("id token", "share token", "signature")
    }
    for what, secret in planted.items():
        assert len(secret) > 12
        where = [name for name, text in written.items() if secret.lower() in text.lower()]
        assert not where, f"{what} stands in {where}"
    assert any(told["job"] in text for text in written.values()), "the jobs are in the logs"


def test_every_line_of_a_job_names_its_severity_and_its_trace(
    suite: SuiteHandle, told: dict[str, Any]
) -> None:
    lines = [
        json.loads(line)
        for name, text in logs(suite).items()
        if not name.startswith("traces/")
        for line in text.splitlines()
        if line.startswith("{") and f'"job": "{told["job"]}"' in line and '"stage"' in line
    ]
    assert len(lines) >= 10
    trace = f"projects/{suite.env['MOODREEL_PROJECT']}/traces/{job_traceparent(told['job'])[3:35]}"
    for line in lines:
        assert line["severity"] in ("DEBUG", "INFO", "WARNING", "ERROR")
        assert line["logging.googleapis.com/trace"] == trace
        assert len(line["logging.googleapis.com/spanId"]) == 16


def test_a_jobs_way_through_all_its_functions_is_one_trace(
    suite: SuiteHandle, told: dict[str, Any]
) -> None:
    chain = ("upload_trigger", "slide_generation", "text_to_speech", "stitching", "notification")
    spans = wait_until(
        lambda: next(
            (
                found
                for found in [find_spans(suite.place.folder / TRACES_FOLDER, told["job"])]
                if {one["name"].split()[0] for one in found} >= set(chain)
            ),
            None,
        ),
        "spans of every function",
    )
    assert {one["trace"] for one in spans} == {job_traceparent(told["job"])[3:35]}
    by_id = {one["span"]: one for one in spans}
    orphans = {one["name"].split()[0] for one in spans if one["parent"] not in by_id}
    assert orphans == {"upload_trigger"}, "only what an object woke hangs below nothing"
    works = [one for one in spans if one["name"] == "work"]
    assert {by_id[one["parent"]]["attributes"]["stage"] for one in works} == set(chain)
    assert len(draw_waterfall(spans, 100)) == len(spans) + 1


def test_a_person_asks_for_a_jobs_way_by_the_beginning_of_its_id(
    suite: SuiteHandle, told: dict[str, Any]
) -> None:
    def trace(job: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "infra.local.cli", "trace", job],
            cwd=ROOT,
            env=clean_env({"MOODREEL_PORT_BASE": str(suite.place.base)}),
            capture_output=True,
            text=True,
            check=False,
        )

    found = trace(told["job"][:10])
    assert found.returncode == 0, found.stderr
    assert "stitching" in found.stdout
    unknown = trace("nosuchjob")
    assert unknown.returncode == 1
    assert "There are no spans of a job 'nosuchjob'." in unknown.stderr
