"""The runner of the suite: it starts every function of the table, restarts it, and ends it."""

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

from infra.local.client.http import request
from infra.local.setup.installs import clean_env
from infra.local.suite import suite_client
from infra.local.suite.handle import SuiteHandle, run_suite, wait_until
from infra.local.suite.layout import HOST, PROJECT, ROOT, SetupError, SuiteLayout
from infra.local.suite.services import select_functions
from shared.pipeline import FUNCTIONS, Bucket, FinalizeTrigger
from tests.fixtures.suite.command import is_alive, run_emulator

pytestmark = pytest.mark.suite


def test_every_function_of_the_table_is_ready(suite: SuiteHandle) -> None:
    services = suite.services()

    assert {row.name for row in select_functions()} <= set(services)
    assert all(service["ready"] for service in services.values()), services
    assert run_emulator(suite.layout, "status").returncode == 0


def test_subscriptions_match_the_table(suite: SuiteHandle) -> None:
    base = f"{suite.url('pubsub')}/v1/projects/{PROJECT}/subscriptions"

    for row in select_functions():
        if not row.is_event_driven:
            continue
        subscription = request("GET", f"{base}/{row.topic}").json()
        assert subscription["ackDeadlineSeconds"] == row.ack_deadline_s
        assert subscription["pushConfig"]["pushEndpoint"] == (
            f"{suite.url('push')}/projects/{PROJECT}/topics/{row.topic}"
        )


def test_bucket_notifications_match_the_table(suite: SuiteHandle) -> None:
    for bucket in Bucket:
        url = f"{suite.url('gcs')}/storage/v1/b/{PROJECT}-{bucket}/notificationConfigs"
        topics = [
            config["topic"].split("/")[-1] for config in request("GET", url).json().get("items", [])
        ]
        assert topics == [
            row.topic
            for row in FUNCTIONS.values()
            if isinstance(row.trigger, FinalizeTrigger) and row.trigger.bucket is bucket
        ]


def test_killed_service_restarts_and_is_reported(suite: SuiteHandle) -> None:
    before = suite.services()["gcs"]["restarts"]

    suite.kill("gcs")

    wait_until(lambda: suite.has_restarted("gcs", before), "gcs to come back")
    assert "gcs was killed by SIGKILL; restarting it" in suite.read_output()


@pytest.mark.parametrize("row", [row.name for row in select_functions() if row.is_event_driven])
def test_killed_function_leaves_no_worker_and_restarts(suite: SuiteHandle, row: str) -> None:
    before, master = suite.services()[row]["restarts"], suite.pid(row)

    os.kill(master, signal.SIGKILL)  # the master only: its workers would keep the port

    wait_until(lambda: suite.has_restarted(row, before), f"{row} to come back")
    assert suite.pid(row) != master
    assert f"{row} was killed by SIGKILL" in suite.read_output()
    assert request("GET", suite.url(row) + "/robots.txt").status < 500


@pytest.mark.parametrize("row", [row.name for row in select_functions() if row.is_event_driven][:1])
def test_killed_worker_is_replaced_and_reported(suite: SuiteHandle, row: str) -> None:
    workers = subprocess.run(
        ["/usr/bin/env", "pgrep", "-P", str(suite.pid(row))],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()

    os.kill(int(workers[0]), signal.SIGKILL)

    message = f"{row}: worker {workers[0]} was sent SIGKILL; gunicorn started a new one."
    wait_until(lambda: message in suite.read_output(), "the message of the runner")
    assert request("GET", suite.url(row) + "/robots.txt").status < 500


def test_pubsub_gets_its_topics_and_subscriptions_after_a_restart(suite: SuiteHandle) -> None:
    url = f"{suite.url('pubsub')}/v1/projects/{PROJECT}"
    before = [request("GET", f"{url}/{kind}").json() for kind in ("topics", "subscriptions")]
    restarts = suite.services()["pubsub"]["restarts"]

    suite.kill("pubsub")
    wait_until(lambda: suite.has_restarted("pubsub", restarts), "pubsub to come back")

    after = [request("GET", f"{url}/{kind}").json() for kind in ("topics", "subscriptions")]
    assert after == before
    assert before[0]["topics"]


def test_web_page_cannot_stop_the_suite(suite: SuiteHandle) -> None:
    response = request("POST", suite.url("control") + "/stop", {})

    assert response.status == 401
    assert suite_client.is_ready(suite.layout)


def test_second_suite_on_the_same_ports_is_refused(suite: SuiteHandle) -> None:
    second = run_emulator(suite.layout, "up")

    assert second.returncode == 1
    assert f"already running on ports from {suite.layout.base}" in second.stderr
    assert suite_client.is_ready(suite.layout)


def test_mail_emulator_stores_emails_and_refuses_once(suite: SuiteHandle) -> None:
    email = EmailMessage()
    email["From"], email["To"], email["Subject"] = (
        "a@moodreel.test",
        "größe@moodreel.test",
        "Hübsch",
    )
    email.set_content("text")
    email.add_alternative("<p>html</p>", subtype="html")
    suite.refuse_emails("550 5.1.1 No such user", to="small@moodreel.test")
    suite.refuse_emails("451 4.3.0 Try later", to="big@moodreel.test")

    with smtplib.SMTP(HOST, suite.port("smtp")) as server:
        with pytest.raises(smtplib.SMTPDataError, match="Try later"):
            server.send_message(email, to_addrs=["big@moodreel.test"])
        server.send_message(email, to_addrs=["big@moodreel.test"])
        with pytest.raises(smtplib.SMTPDataError, match="No such user"):
            server.send_message(email, to_addrs=["small@moodreel.test"])

    [stored] = suite.list_emails(to="big@moodreel.test")
    assert (stored["subject"], stored["text"].strip(), stored["html"].strip()) == (
        "Hübsch",
        "text",
        "<p>html</p>",
    )


def test_occupied_port_is_reported_with_its_process_and_a_free_base(
    own_layout: SuiteLayout,
) -> None:
    with socket.create_server((HOST, own_layout.port("pubsub"))):
        result = run_emulator(own_layout, "up")

    assert result.returncode == 1
    port = own_layout.port("pubsub")
    assert f"{port} (needed by pubsub, held by process {os.getpid()} (" in result.stderr
    assert re.search(r"MOODREEL_PORT_BASE=\d+ to use free ports", result.stderr)


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT])
def test_signal_during_startup_leaves_no_process(
    own_layout: SuiteLayout, signal_number: signal.Signals
) -> None:
    runner = subprocess.Popen(
        # A shell starts background jobs of a script with SIGINT ignored. preexec_fn could ignore it
        # as well, but deadlocks in a process with threads.
        ["/bin/sh", "-c", 'trap "" INT; exec "$0" -m infra.local.cli up', sys.executable],
        cwd=ROOT,
        env=clean_env({"MOODREEL_PORT_BASE": str(own_layout.base)}),
        stdout=subprocess.DEVNULL,
    )
    state = wait_until(own_layout.read_state, "the first process")

    runner.send_signal(signal_number)

    assert runner.wait(120) == 130
    assert not any(is_alive(service["pid"]) for service in state["services"].values())
    assert own_layout.read_state() is None


def test_failed_run_prints_one_sentence(own_layout: SuiteLayout) -> None:
    results = [
        run_emulator(own_layout, "run", *arguments)
        for arguments in (["nothing"], ["still", __file__], ["frames", "gone.mp4"])
    ]

    assert [result.returncode for result in results] == [1, 1, 1]
    assert [result.stderr.strip().count("\n") for result in results] == [0, 0, 0]
    assert "There is no recipe 'nothing'" in results[0].stderr
    assert "needs 2 file(s): picture, sound. You passed 1." in results[1].stderr
    assert "gone.mp4" in results[2].stderr
    assert run_emulator(own_layout, "run", "frames", "--loud").returncode == 2


def test_status_prints_json(own_layout: SuiteLayout) -> None:
    result = run_emulator(own_layout, "status", "--json")

    assert result.returncode == 1
    assert json.loads(result.stdout) == {"ready": False}


def test_run_suite_names_the_service_that_cannot_start(own_layout: SuiteLayout) -> None:
    with (
        socket.create_server((HOST, own_layout.port("auth"))),
        pytest.raises(SetupError, match=r"wanted by|could not start"),
        run_suite(own_layout),
    ):
        pytest.fail("the suite started")
