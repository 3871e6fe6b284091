"""Messages that come twice or late, functions that refuse or are cut off: ordered, met, counted."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.setup.installs import clean_env
from infra.local.suite.api_client import Client
from infra.local.suite.handle import SuiteHandle, wait_until
from infra.local.suite.http import request
from infra.local.suite.layout import PROJECT, ROOT, SetupError
from shared.pipeline import FUNCTIONS
from tests.fixtures.media.clips import CLIP_SPECS

pytestmark = pytest.mark.suite


@pytest.fixture(scope="module")
def clip() -> Path:
    return CLIP_SPECS["cfr30"].encode().path


@pytest.fixture(autouse=True)
def no_rule_outlives_its_test(suite: SuiteHandle) -> Iterator[None]:
    yield
    suite.clear_message_faults()
    suite.clear_storage_faults()


def refused(suite: SuiteHandle, row: str) -> int:
    return suite.read_delivery_counts().get(row, {"refused": 0})["refused"]


def done(suite: SuiteHandle, client: Client, clip: Path) -> float:
    """Run a job that must end `done`; → how many seconds it took from its upload on."""
    begin = time.monotonic()
    job = suite.wait_for_job(client, suite.start_job(client, "frames", clip))
    assert job["status"] == "done", job["error"]
    return time.monotonic() - begin


def test_an_outcome_that_is_delivered_three_times_is_mailed_once(
    suite: SuiteHandle, clip: Path
) -> None:
    user = suite.user()
    suite.add_message_fault("notification", {"repeat": 3})

    done(suite, suite.client(user), clip)

    wait_until(lambda: suite.list_emails(user.email), "the mail")
    wait_until(lambda: suite.read_delivery_counts()["notification"]["in_flight"] == 0, "all copies")
    assert len(suite.list_emails(user.email)) == 1
    (rule,) = suite.list_faults()
    assert (rule["server"], rule["fired_count"]) == ("push", rule["matched_count"])
    assert rule["fired_count"] >= 1


def test_a_copy_that_comes_when_all_is_over_changes_nothing(suite: SuiteHandle, clip: Path) -> None:
    def copies() -> int:
        return suite.read_delivery_counts().get("frame_extraction", {"copies": 0})["copies"]

    before, refused_before = copies(), refused(suite, "frame_extraction")
    suite.add_message_fault("frame_extraction", {"repeat": 2, "repeat_interval_s": 12}, count=2)
    user = suite.user()

    done(suite, suite.client(user), clip)
    wait_until(lambda: suite.list_emails(user.email), "the mail")

    wait_until(lambda: copies() == before + 2, "the late copies")
    assert refused(suite, "frame_extraction") == refused_before
    assert len(suite.list_emails(user.email)) == 1


def test_a_late_message_makes_a_late_job(suite: SuiteHandle, clip: Path) -> None:
    suite.add_message_fault("upload_trigger", {"stall_s": 3}, count=1)

    assert done(suite, suite.client(), clip) > 3


def test_a_function_that_answers_503_gets_its_message_again(suite: SuiteHandle, clip: Path) -> None:
    before = refused(suite, "frame_extraction")
    suite.add_message_fault("frame_extraction", {"status": 503}, count=2)

    done(suite, suite.client(), clip)

    (rule,) = suite.list_faults()
    assert rule["fired_count"] == 2
    assert refused(suite, "frame_extraction") - before == 2


def test_a_function_whose_answer_is_lost_has_done_its_work_once(
    suite: SuiteHandle, clip: Path
) -> None:
    user = suite.user()
    suite.add_message_fault("notification", {"lose_response": True}, count=1)

    done(suite, suite.client(user), clip)

    wait_until(
        lambda: next((one for one in suite.list_faults() if one["matched_count"] > 1), None),
        "the second try",
    )
    # The rule may have met the outcome of a job before ours, so our mail can still be on its way.
    wait_until(lambda: suite.list_emails(user.email), "the mail")
    wait_until(lambda: suite.read_delivery_counts()["notification"]["in_flight"] == 0, "its end")
    assert len(suite.list_emails(user.email)) == 1


def test_a_rule_for_one_function_leaves_the_others_alone(suite: SuiteHandle, clip: Path) -> None:
    suite.add_message_fault("text_to_speech", {"status": 503})

    done(suite, suite.client(), clip)

    (rule,) = suite.list_faults()
    assert (rule["matched_count"], rule["fired_count"]) == (0, 0)


def test_messages_survive_the_death_of_the_hop_that_carries_them(
    suite: SuiteHandle, clip: Path
) -> None:
    client = suite.client()
    restarts = suite.services()["push"]["restarts"]
    ids = [suite.start_job(client, "frames", clip) for _ in range(3)]
    wait_until(
        lambda: suite.read_delivery_counts()["upload_trigger"]["in_flight"],
        "a message",
        interval_s=0.01,
    )

    suite.kill("push")

    wait_until(lambda: suite.has_restarted("push", restarts), "push to come back")
    for job_id in ids:
        assert suite.wait_for_job(client, job_id)["status"] == "done"


def test_uploads_while_pubsub_is_away_wake_their_jobs_without_the_sweeper(
    suite: SuiteHandle, clip: Path
) -> None:
    """Its topics are back before their subscriptions are; what is published between is lost."""
    client = suite.client()
    for _ in range(3):
        restarts = suite.services()["pubsub"]["restarts"]
        suite.kill("pubsub")
        ids = [suite.start_job(client, "frames", clip) for _ in range(4)]
        wait_until(lambda before=restarts: suite.has_restarted("pubsub", before), "pubsub")  # type: ignore[misc]
        for job_id in ids:
            assert suite.wait_for_job(client, job_id)["status"] == "done"
    assert not [
        line for line in suite.read_log("sweeper").splitlines() if any(i in line for i in ids)
    ]


def emulator(suite: SuiteHandle, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {"MOODREEL_PORT_BASE": str(suite.place.base), "MOODREEL_PYTHON": sys.executable}
    return subprocess.run(
        [str(ROOT / "emulator.sh"), "fault", *arguments],
        env=clean_env(env),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_people_order_a_fault_see_it_met_and_end_it(suite: SuiteHandle, clip: Path) -> None:
    ordered = emulator(suite, "upload_trigger", "--repeat", "2", "--count", "1")
    assert ordered.returncode == 0, ordered.stderr
    assert "fired 0 of 0 matched" in ordered.stdout
    emulator(suite, "gcs", "--status", "503", "--rate", "0.5", "--path", "^/nowhere")

    done(suite, suite.client(), clip)

    listed = emulator(suite).stdout.splitlines()
    assert len(listed) == 2
    assert any('{"repeat": 2}' in line and "fired 1 of" in line for line in listed)
    assert any("gcs" in line and "rate 0.5  fired 0 of 0 matched" in line for line in listed)
    assert "push" not in emulator(suite, "--clear", "messages").stdout
    assert emulator(suite, "--clear").stdout == ""


def test_an_order_that_makes_no_sense_is_refused_in_one_sentence(suite: SuiteHandle) -> None:
    answers = [
        emulator(suite, *arguments)
        for arguments in (
            ["--status", "503"],
            ["smtp", "--status", "503"],
            ["nobody", "--status", "503"],
            ["stitching", "--status", "200"],
        )
    ]

    assert [one.returncode for one in answers] == [1, 1, 1, 1]
    assert [one.stderr.strip().count("\n") for one in answers] == [0, 0, 0, 0]
    assert answers[2].stderr.strip() == "nobody does not accept fault rules."
    assert "status must be a number from 400 to 599" in answers[3].stderr
    with pytest.raises(SetupError, match="repeat must be a number from 2"):
        suite.add_message_fault("messages", {"repeat": 1})


@pytest.mark.parametrize(
    "headers", [{"Origin": "http://evil.test"}, {"Sec-Fetch-Site": "cross-site"}]
)
def test_a_web_page_can_neither_bend_deliveries_nor_deliver(
    suite: SuiteHandle, headers: dict[str, str]
) -> None:
    topic = f"/projects/{PROJECT}/topics/{FUNCTIONS['notification'].topic}"
    for path in ("/_faults", topic):
        answer = request("POST", suite.url("push") + path, {"action": {}}, headers=headers)
        assert answer.status == 403


def test_a_topic_that_wakes_nobody_is_not_found(suite: SuiteHandle) -> None:
    url = f"{suite.url('push')}/projects/{PROJECT}/topics"
    names = ("moodreel-api", "moodreel-nobody", "notification")
    assert [request("POST", f"{url}/{name}", {}).status for name in names] == [404, 404, 404]
