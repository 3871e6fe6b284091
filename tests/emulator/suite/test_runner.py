"""The runner itself: what it starts comes from the table, stays up, and is gone afterwards."""

from __future__ import annotations

import json
import os
import re
import signal
import smtplib
import socket
import subprocess
import sys
from email.message import EmailMessage

import pytest

from infra.local.setup.installs import clean_env
from infra.local.suite import suite_client
from infra.local.suite.handle import SuiteHandle, run_suite, wait_until
from infra.local.suite.http import request
from infra.local.suite.layout import HOST, PROJECT, ROOT, SetupError, SuiteLayout
from infra.local.suite.services import select_functions
from shared.pipeline import FUNCTIONS, Bucket, FinalizeTrigger

pytestmark = pytest.mark.suite


def _emulator(place: SuiteLayout, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(ROOT / "emulator.sh"), *arguments],
        env=clean_env({"MOODREEL_PORT_BASE": str(place.base), "MOODREEL_PYTHON": sys.executable}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_every_built_row_with_code_answers(suite: SuiteHandle) -> None:
    services = suite.services()

    assert {row.name for row in select_functions()} <= set(services)
    assert all(one["ready"] for one in services.values()), services
    assert _emulator(suite.place, "status").returncode == 0


def test_subscriptions_say_what_the_table_says(suite: SuiteHandle) -> None:
    base = f"{suite.url('pubsub')}/v1/projects/{PROJECT}/subscriptions"

    for row in select_functions():
        if not row.is_event_driven:
            continue
        told = request("GET", f"{base}/{row.topic}").json()
        assert told["ackDeadlineSeconds"] == row.ack_deadline_s
        assert told["pushConfig"]["pushEndpoint"] == (
            f"{suite.url('push')}/projects/{PROJECT}/topics/{row.topic}"
        )


def test_buckets_wake_the_rows_that_they_are_to_wake(suite: SuiteHandle) -> None:
    for role in Bucket:
        url = f"{suite.url('gcs')}/storage/v1/b/{PROJECT}-{role}/notificationConfigs"
        topics = [
            one["topic"].split("/")[-1] for one in request("GET", url).json().get("items", [])
        ]
        assert topics == [
            row.topic
            for row in FUNCTIONS.values()
            if row.is_built
            and isinstance(row.trigger, FinalizeTrigger)
            and row.trigger.bucket is role
        ]


def test_a_killed_service_comes_back_and_it_is_said(suite: SuiteHandle) -> None:
    before = suite.services()["gcs"]["restarts"]

    suite.kill("gcs")

    wait_until(lambda: suite.has_restarted("gcs", before), "gcs to come back")
    assert "gcs was killed by SIGKILL; restarting it" in suite.read_output()


@pytest.mark.parametrize("row", [row.name for row in select_functions() if row.is_event_driven])
def test_a_killed_function_leaves_no_worker_behind_and_comes_back(
    suite: SuiteHandle, row: str
) -> None:
    before, master = suite.services()[row]["restarts"], suite.pid(row)

    os.kill(master, signal.SIGKILL)  # the master alone: its workers would keep the port

    wait_until(lambda: suite.has_restarted(row, before), f"{row} to come back")
    assert suite.pid(row) != master
    assert f"{row} was killed by SIGKILL" in suite.read_output()
    assert request("GET", suite.url(row) + "/robots.txt").status < 500


@pytest.mark.parametrize("row", [row.name for row in select_functions() if row.is_event_driven][:1])
def test_a_killed_worker_is_replaced_and_it_is_said(suite: SuiteHandle, row: str) -> None:
    workers = subprocess.run(
        ["/usr/bin/env", "pgrep", "-P", str(suite.pid(row))],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()

    os.kill(int(workers[0]), signal.SIGKILL)

    told = f"{row}: worker {workers[0]} was sent SIGKILL; gunicorn started a new one."
    wait_until(lambda: told in suite.read_output(), "the runner to say so")
    assert request("GET", suite.url(row) + "/robots.txt").status < 500


def test_pubsub_is_wired_again_after_its_death(suite: SuiteHandle) -> None:
    url = f"{suite.url('pubsub')}/v1/projects/{PROJECT}"
    before = [request("GET", f"{url}/{kind}").json() for kind in ("topics", "subscriptions")]
    restarts = suite.services()["pubsub"]["restarts"]

    suite.kill("pubsub")
    wait_until(lambda: suite.has_restarted("pubsub", restarts), "pubsub to come back")

    after = [request("GET", f"{url}/{kind}").json() for kind in ("topics", "subscriptions")]
    assert after == before
    assert before[0]["topics"]


def test_a_web_page_that_guesses_the_port_cannot_stop_the_suite(suite: SuiteHandle) -> None:
    answer = request("POST", suite.url("control") + "/stop", {})

    assert answer.status == 401
    assert suite_client.is_ready(suite.place)


def test_a_second_suite_on_the_same_base_is_refused(suite: SuiteHandle) -> None:
    second = _emulator(suite.place, "up")

    assert second.returncode == 1
    assert f"already running on ports from {suite.place.base}" in second.stderr
    assert suite_client.is_ready(suite.place)


def test_a_mail_is_kept_and_a_refusal_is_met_once(suite: SuiteHandle) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "a@moodreel.test", "größe@moodreel.test", "Hübsch"
    mail.set_content("text")
    mail.add_alternative("<p>html</p>", subtype="html")
    suite.refuse_emails("550 5.1.1 No such user", to="small@moodreel.test")
    suite.refuse_emails("451 4.3.0 Try later", to="big@moodreel.test")

    with smtplib.SMTP(HOST, suite.port("smtp")) as server:
        with pytest.raises(smtplib.SMTPDataError, match="Try later"):
            server.send_message(mail, to_addrs=["big@moodreel.test"])
        server.send_message(mail, to_addrs=["big@moodreel.test"])
        with pytest.raises(smtplib.SMTPDataError, match="No such user"):
            server.send_message(mail, to_addrs=["small@moodreel.test"])

    [kept] = suite.list_emails(to="big@moodreel.test")
    assert (kept["subject"], kept["text"].strip(), kept["html"].strip()) == (
        "Hübsch",
        "text",
        "<p>html</p>",
    )


def test_a_taken_port_is_named_with_its_holder_and_another_base_is_offered(
    own_layout: SuiteLayout,
) -> None:
    with socket.create_server((HOST, own_layout.port("pubsub"))):
        refused = _emulator(own_layout, "up")

    assert refused.returncode == 1
    port = own_layout.port("pubsub")
    assert f"{port} (needed by pubsub, held by process {os.getpid()} (" in refused.stderr
    assert re.search(r"MOODREEL_PORT_BASE=\d+ to use free ports", refused.stderr)


def test_what_was_known_is_known_after_a_restart_and_nothing_outlives_a_killed_runner(
    own_layout: SuiteLayout,
) -> None:
    documents = f"v1/projects/{PROJECT}/databases/(default)/documents/things"
    owner = {"Authorization": "Bearer owner"}
    with run_suite(own_layout, "frames") as first:
        url = f"{first.url('firestore')}/{documents}"
        body = {"fields": {"size": {"integerValue": "5"}}}
        assert request("POST", f"{url}?documentId=x", body, headers=owner).status == 200
        uid = first.user("someone@moodreel.test").uid

    assert _emulator(own_layout, "status").returncode == 1
    with run_suite(own_layout, "frames", fresh=False) as second:
        kept = request("GET", f"{url}/x", headers=owner).json()
        assert kept["fields"] == {"size": {"integerValue": "5"}}
        assert second.user("someone@moodreel.test").uid == uid

        groups = [one["pid"] for one in second.services().values()]
        os.kill(second.runner_pid, signal.SIGKILL)
        wait_until(lambda: not any(map(_alive, groups)), "the services to end")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_end_while_starting_leaves_nothing(
    own_layout: SuiteLayout, number: signal.Signals
) -> None:
    runner = subprocess.Popen(
        [sys.executable, "-m", "infra.local.cli", "up"],
        cwd=ROOT,
        env=clean_env({"MOODREEL_PORT_BASE": str(own_layout.base)}),
        stdout=subprocess.DEVNULL,
        # As a shell starts a script's background job.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN) and None,
    )
    state = wait_until(own_layout.read_state, "the first process")

    runner.send_signal(number)

    assert runner.wait(120) == 130
    assert not any(_alive(one["pid"]) for one in state["services"].values())
    assert own_layout.read_state() is None


def test_a_run_without_results_says_why_in_one_sentence(own_layout: SuiteLayout) -> None:
    answers = [
        _emulator(own_layout, "run", *arguments)
        for arguments in (["nothing"], ["still", __file__], ["frames", "gone.mp4"])
    ]

    assert [one.returncode for one in answers] == [1, 1, 1]
    assert [one.stderr.strip().count("\n") for one in answers] == [0, 0, 0]
    assert "There is no recipe 'nothing'" in answers[0].stderr
    assert "needs 2 file(s): picture, sound. You passed 1." in answers[1].stderr
    assert "gone.mp4" in answers[2].stderr
    assert _emulator(own_layout, "run", "frames", "--loud").returncode == 2


def test_status_is_for_programs_too(own_layout: SuiteLayout) -> None:
    told = _emulator(own_layout, "status", "--json")

    assert told.returncode == 1
    assert json.loads(told.stdout) == {"ready": False}


def test_a_leash_names_what_could_not_start(own_layout: SuiteLayout) -> None:
    with (
        socket.create_server((HOST, own_layout.port("auth"))),
        pytest.raises(SetupError, match=r"wanted by|could not start"),
        run_suite(own_layout),
    ):
        pytest.fail("it started")


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
