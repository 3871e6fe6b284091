"""Logs and traces of a job: what they contain, and what they must not contain."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
from typing import Any

import pytest

from infra.local.cli.waterfall import draw_waterfall, find_spans
from infra.local.client.http import request
from infra.local.setup.installs import clean_env
from infra.local.suite.handle import SuiteHandle, wait_until
from infra.local.suite.layout import ROOT
from infra.local.suite.services import TRACES_FOLDER
from shared.pipeline import FUNCTIONS
from shared.recipes.films.prompt import Prompt
from shared.runtime.tracing import job_traceparent

pytestmark = pytest.mark.suite

CANARY = f"canary{secrets.token_hex(6)}"
"""A marker in every text that the user can choose."""


@pytest.fixture(scope="module")
def observed(suite: SuiteHandle, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Ids and secrets of a finished presentation and a failed job, whose texts all hold CANARY."""
    folder = tmp_path_factory.mktemp("observed")
    client = suite.client(suite.user(f"{CANARY}-address@moodreel.test"))
    prompt = folder / f"{CANARY}-file.txt"
    prompt.write_bytes(Prompt(f"How the {CANARY} bird sings in the morning").to_bytes())
    title = f"{CANARY} title"
    film_job_id = suite.start_job(
        client, "presentation", prompt, options={"slides": "3"}, title=title
    )
    broken_file = folder / f"{CANARY}-broken.mp4"
    broken_file.write_bytes(b"\0\0\0\x18ftypisom" + secrets.token_bytes(4000))
    failed_job_id = suite.start_job(client, "frames", broken_file, title=title)
    job = suite.wait_for_job(client, film_job_id)
    assert job["status"] == "done", job["error"]
    assert suite.wait_for_job(client, failed_job_id)["status"] == "failed"
    link = wait_until(lambda: next(iter(share_links(suite, client.user.email)), None), "the e-mail")
    response = request("GET", link)
    return {
        "job": film_job_id,
        "failed": failed_job_id,
        "id token": client.user.token,
        "share token": link.rsplit("/", 1)[1],
        "signature": response.headers["Location"].split("X-Goog-Signature=")[1].split("&")[0],
    }


def share_links(suite: SuiteHandle, email: str) -> list[str]:
    words = [word for mail in suite.list_emails(email) for word in mail["text"].split()]
    return [word for word in words if "/v1/share/" in word]


def read_logs(suite: SuiteHandle) -> dict[str, str]:
    """Returns the log of every function, and the span files."""
    logs = {name: suite.read_log(name) for name in FUNCTIONS}
    traces = (suite.layout.folder / TRACES_FOLDER).glob("*.jsonl")
    return logs | {f"traces/{path.name}": path.read_text() for path in traces}


def test_logs_contain_no_user_text_addresses_or_secrets(
    suite: SuiteHandle, observed: dict[str, Any]
) -> None:
    logs = read_logs(suite)
    forbidden = {"the user's text or address": CANARY} | {
        name: observed[name] for name in ("id token", "share token", "signature")
    }
    for kind, secret in forbidden.items():
        assert len(secret) > 12
        leaks = [name for name, text in logs.items() if secret.lower() in text.lower()]
        assert not leaks, f"{kind} is in {leaks}"
    assert any(observed["job"] in text for text in logs.values()), "the logs do not mention the job"


def test_log_lines_of_a_job_have_severity_and_trace(
    suite: SuiteHandle, observed: dict[str, Any]
) -> None:
    lines = [
        json.loads(line)
        for name, text in read_logs(suite).items()
        if not name.startswith("traces/")
        for line in text.splitlines()
        if line.startswith("{") and f'"job": "{observed["job"]}"' in line and '"stage"' in line
    ]
    assert len(lines) >= 10
    trace = (
        f"projects/{suite.env['MOODREEL_PROJECT']}/traces/{job_traceparent(observed['job'])[3:35]}"
    )
    for line in lines:
        assert line["severity"] in ("DEBUG", "INFO", "WARNING", "ERROR")
        assert line["logging.googleapis.com/trace"] == trace
        assert len(line["logging.googleapis.com/spanId"]) == 16


def test_spans_of_all_functions_of_a_job_form_one_trace(
    suite: SuiteHandle, observed: dict[str, Any]
) -> None:
    functions = (
        "upload_trigger",
        "slide_generation",
        "text_to_speech",
        "stitching",
        "notification",
    )
    spans = wait_until(
        lambda: next(
            (
                spans
                for spans in [find_spans(suite.layout.folder / TRACES_FOLDER, observed["job"])]
                if {span["name"].split()[0] for span in spans} >= set(functions)
            ),
            None,
        ),
        "spans of every function",
    )
    assert {span["trace"] for span in spans} == {job_traceparent(observed["job"])[3:35]}
    by_id = {span["span"]: span for span in spans}
    orphans = {span["name"].split()[0] for span in spans if span["parent"] not in by_id}
    assert orphans == {"upload_trigger"}, "only spans that an object event started have no parent"
    work_spans = [span for span in spans if span["name"] == "work"]
    assert {by_id[span["parent"]]["attributes"]["stage"] for span in work_spans} == set(functions)
    assert len(draw_waterfall(spans, 100)) == len(spans) + 1


def test_trace_command_accepts_the_start_of_a_job_id(
    suite: SuiteHandle, observed: dict[str, Any]
) -> None:
    def trace(job: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "infra.local.cli", "trace", job],
            cwd=ROOT,
            env=clean_env({"MOODREEL_PORT_BASE": str(suite.layout.base)}),
            capture_output=True,
            text=True,
            check=False,
        )

    result = trace(observed["job"][:10])
    assert result.returncode == 0, result.stderr
    assert "stitching" in result.stdout
    unknown = trace("nosuchjob")
    assert unknown.returncode == 1
    assert "There are no spans of a job 'nosuchjob'." in unknown.stderr
