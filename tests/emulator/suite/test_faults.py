"""Fault rules: repeated and delayed messages, refused deliveries, lost responses, and crashes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.client.api_client import Client
from infra.local.client.http import request
from infra.local.suite.handle import SuiteHandle, wait_until
from infra.local.suite.layout import PROJECT, SetupError
from shared.pipeline import FUNCTIONS
from tests.fixtures.media.clip_specs import CLIP_SPECS
from tests.fixtures.suite.command import run_emulator

pytestmark = pytest.mark.suite


@pytest.fixture(scope="module")
def clip() -> Path:
    return CLIP_SPECS["cfr30"].encode().path


@pytest.fixture(autouse=True)
def clear_faults(suite: SuiteHandle) -> Iterator[None]:
    yield
    suite.clear_message_faults()
    suite.clear_storage_faults()


def refused_count(suite: SuiteHandle, function: str) -> int:
    return suite.read_delivery_counts().get(function, {"refused": 0})["refused"]


def run_job(suite: SuiteHandle, client: Client, clip: Path) -> float:
    """Runs a job, which must end `done`. Returns the seconds from its upload to its end."""
    started = time.monotonic()
    job = suite.wait_for_job(client, suite.start_job(client, "frames", clip))
    assert job["status"] == "done", job["error"]
    return time.monotonic() - started


def test_outcome_delivered_three_times_sends_one_email(suite: SuiteHandle, clip: Path) -> None:
    user = suite.user()
    suite.add_message_fault("notification", {"repeat": 3})

    run_job(suite, suite.client(user), clip)

    wait_until(lambda: suite.list_emails(user.email), "the e-mail")
    wait_until(lambda: suite.read_delivery_counts()["notification"]["in_flight"] == 0, "all copies")
    assert len(suite.list_emails(user.email)) == 1
    (rule,) = suite.list_faults()
    assert (rule["server"], rule["fired_count"]) == ("push", rule["matched_count"])
    assert rule["fired_count"] >= 1


def test_late_copy_of_a_message_changes_nothing(suite: SuiteHandle, clip: Path) -> None:
    def copies() -> int:
        return suite.read_delivery_counts().get("frame_extraction", {"copies": 0})["copies"]

    before = copies()
    suite.add_message_fault("frame_extraction", {"repeat": 2, "repeat_interval_s": 12}, count=2)
    user = suite.user()

    run_job(suite, suite.client(user), clip)
    wait_until(lambda: suite.list_emails(user.email), "the e-mail")

    wait_until(lambda: copies() == before + 2, "the late copies")
    assert len(suite.list_emails(user.email)) == 1


def test_delayed_message_delays_the_job(suite: SuiteHandle, clip: Path) -> None:
    # Every message of the function: with a count, a late message of an earlier job could use it up.
    suite.add_message_fault("upload_trigger", {"stall_s": 1.5})

    # The upload and its join are one message each.
    assert run_job(suite, suite.client(), clip) > 3


def test_message_is_redelivered_after_a_503(suite: SuiteHandle, clip: Path) -> None:
    before = refused_count(suite, "frame_extraction")
    suite.add_message_fault("frame_extraction", {"status": 503}, count=2)

    run_job(suite, suite.client(), clip)

    (rule,) = suite.list_faults()
    assert rule["fired_count"] == 2
    # A busy machine adds refusals of its own: transactions that Firestore aborts.
    assert refused_count(suite, "frame_extraction") - before >= 2


def test_redelivery_after_a_lost_response_repeats_no_work(suite: SuiteHandle, clip: Path) -> None:
    user = suite.user()
    suite.add_message_fault("notification", {"lose_response": True}, count=1)

    run_job(suite, suite.client(user), clip)

    wait_until(
        lambda: next((rule for rule in suite.list_faults() if rule["matched_count"] > 1), None),
        "the second delivery",
    )
    # The rule may have matched the outcome of an earlier job, before this job sent its email.
    wait_until(lambda: suite.list_emails(user.email), "the e-mail")
    wait_until(
        lambda: suite.read_delivery_counts()["notification"]["in_flight"] == 0, "the last delivery"
    )
    assert len(suite.list_emails(user.email)) == 1


def test_fault_rule_affects_only_its_function(suite: SuiteHandle, clip: Path) -> None:
    suite.add_message_fault("text_to_speech", {"status": 503})

    run_job(suite, suite.client(), clip)

    (rule,) = suite.list_faults()
    assert (rule["matched_count"], rule["fired_count"]) == (0, 0)


def test_messages_survive_a_crash_of_the_push_emulator(suite: SuiteHandle, clip: Path) -> None:
    client = suite.client()
    restarts = suite.services()["push"]["restarts"]
    # A message stays in flight until the crash, which also ends the rule.
    suite.add_message_fault("upload_trigger", {"stall_s": 60})
    ids = [suite.start_job(client, "frames", clip) for _ in range(3)]
    wait_until(lambda: suite.read_delivery_counts()["upload_trigger"]["in_flight"], "a message")

    suite.kill("push")

    wait_until(lambda: suite.has_restarted("push", restarts), "push to come back")
    for job_id in ids:
        assert suite.wait_for_job(client, job_id)["status"] == "done"


def test_uploads_during_a_pubsub_restart_start_their_jobs(suite: SuiteHandle, clip: Path) -> None:
    """After a restart, topics exist before their subscriptions. Messages in between are lost, and
    the jobs start without the sweeper, whose messages are refused."""
    client = suite.client()
    suite.add_message_fault("sweeper", {"status": 503})
    for _ in range(3):
        restarts = suite.services()["pubsub"]["restarts"]
        suite.kill("pubsub")
        ids = [suite.start_job(client, "frames", clip) for _ in range(4)]
        wait_until(lambda before=restarts: suite.has_restarted("pubsub", before), "pubsub")  # type: ignore[misc]
        for job_id in ids:
            assert suite.wait_for_job(client, job_id)["status"] == "done"


def test_fault_command_adds_lists_and_clears_rules(suite: SuiteHandle, clip: Path) -> None:
    added = run_emulator(suite.layout, "fault", "upload_trigger", "--repeat", "2", "--count", "1")
    assert added.returncode == 0, added.stderr
    assert "fired 0 of 0 matched" in added.stdout
    run_emulator(
        suite.layout, "fault", "gcs", "--status", "503", "--rate", "0.5", "--path", "^/nowhere"
    )

    run_job(suite, suite.client(), clip)

    listed = run_emulator(suite.layout, "fault").stdout.splitlines()
    assert len(listed) == 2
    assert any('{"repeat": 2}' in line and "fired 1 of" in line for line in listed)
    assert any("gcs" in line and "rate 0.5  fired 0 of 0 matched" in line for line in listed)
    assert "push" not in run_emulator(suite.layout, "fault", "--clear", "messages").stdout
    assert run_emulator(suite.layout, "fault", "--clear").stdout == ""


def test_invalid_fault_command_fails_with_one_sentence(suite: SuiteHandle) -> None:
    results = [
        run_emulator(suite.layout, "fault", *arguments)
        for arguments in (
            ["--status", "503"],
            ["smtp", "--status", "503"],
            ["nobody", "--status", "503"],
            ["stitching", "--status", "200"],
        )
    ]

    assert [result.returncode for result in results] == [1, 1, 1, 1]
    assert [result.stderr.strip().count("\n") for result in results] == [0, 0, 0, 0]
    assert results[2].stderr.strip() == "nobody does not accept fault rules."
    assert "status must be a number from 400 to 599" in results[3].stderr
    with pytest.raises(SetupError, match="repeat must be a number from 2"):
        suite.add_message_fault("messages", {"repeat": 1})


@pytest.mark.parametrize(
    "headers", [{"Origin": "http://evil.test"}, {"Sec-Fetch-Site": "cross-site"}]
)
def test_web_pages_cannot_add_faults_or_publish(
    suite: SuiteHandle, headers: dict[str, str]
) -> None:
    topic = f"/projects/{PROJECT}/topics/{FUNCTIONS['notification'].topic}"
    for path in ("/_faults", topic):
        response = request("POST", suite.url("push") + path, {"action": {}}, headers=headers)
        assert response.status == 403


def test_topic_without_subscriber_is_not_found(suite: SuiteHandle) -> None:
    url = f"{suite.url('push')}/projects/{PROJECT}/topics"
    names = ("moodreel-api", "moodreel-nobody", "notification")
    assert [request("POST", f"{url}/{name}", {}).status for name in names] == [404, 404, 404]
