"""`watch`: what a person sees of the chain, and a terminal that is whole again afterwards."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from infra.local.setup.installs import clean_env
from infra.local.suite.handle import SuiteHandle, wait_until
from infra.local.suite.layout import ROOT, SuiteLayout
from infra.local.suite.ports import find_free_base
from infra.local.suite.services import select_functions
from infra.local.watch.pipeline import ActiveUnit, read_pipeline_state
from infra.local.watch.problems import ProblemLog
from infra.local.watch.snapshot import SnapshotReader
from infra.local.watch.text import display_width
from tests.chaos.test_deliveries import hold_deliveries
from tests.fixtures.media.clips import CLIP_SPECS

pytestmark = pytest.mark.suite

END_OF_PICTURE = "\x1b[J"


@pytest.fixture(scope="module")
def clip() -> Path:
    return CLIP_SPECS["cfr30"].encode().path


def watch_command(place: SuiteLayout, *arguments: str) -> tuple[list[str], dict[str, str]]:
    env = {"MOODREEL_PORT_BASE": str(place.base), "MOODREEL_PYTHON": sys.executable}
    return [str(ROOT / "emulator.sh"), "watch", *arguments], clean_env(env)


def once(place: SuiteLayout) -> subprocess.CompletedProcess[str]:
    command, env = watch_command(place, "--once")
    return subprocess.run(
        command, env=env, capture_output=True, text=True, timeout=120, check=False
    )


def test_what_waits_what_is_refused_and_who_is_done_is_what_really_happened(
    suite: SuiteHandle, clip: Path
) -> None:
    client = suite.client()
    before = read_pipeline_state(suite.place)
    with hold_deliveries(suite, "frame_extraction"):
        ids = [suite.start_job(client, "frames", clip) for _ in range(3)]
        wait_until(
            lambda: (
                read_pipeline_state(suite.place).waiting_by_stage.get("frame_extraction", 0)
                == before.waiting_by_stage.get("frame_extraction", 0) + 3
            ),
            "three parts to wait",
        )
        told = once(suite.place)
    for job_id in ids:
        assert suite.wait_for_job(client, job_id)["status"] == "done"

    assert told.returncode == 0
    rows = {line.split()[0]: line.split() for line in told.stdout.splitlines() if line.strip()}
    assert int(rows["frame_extraction"][1]) >= 3
    assert {row.name for row in select_functions() if row.is_event_driven} <= set(rows)
    after = read_pipeline_state(suite.place)
    assert after.jobs_by_status["done"] - before.jobs_by_status.get("done", 0) == 3
    assert after.waiting_by_stage.get("frame_extraction", 0) == before.waiting_by_stage.get(
        "frame_extraction", 0
    )


def test_an_upload_that_nobody_has_looked_at_waits_and_one_that_is_to_come_does_not(
    suite: SuiteHandle, clip: Path
) -> None:
    client = suite.client()
    before = read_pipeline_state(suite.place).waiting_by_stage.get("upload_trigger", 0)
    with hold_deliveries(suite, "upload_trigger"):
        video = {"filename": "a.mp4", "content_type": "video/mp4", "size_bytes": 1000}
        client.create_job("frames", {"video": video})
        job_id = suite.start_job(client, "frames", clip)
        assert (
            read_pipeline_state(suite.place).waiting_by_stage.get("upload_trigger", 0) == before + 1
        )
    suite.wait_for_job(client, job_id)


def test_a_unit_is_seen_while_it_is_held_and_while_it_waits_for_its_next_attempt(
    suite: SuiteHandle, clip: Path
) -> None:
    user = suite.user()
    client = suite.client(user)
    video = {
        "filename": clip.name, "content_type": "video/mp4", "size_bytes": clip.stat().st_size,
    }  # fmt: skip
    made = client.create_job("frames", {"video": video})
    job_id = str(made["job"]["id"])
    # Before the upload, for this job and person alone: other tests may have left work behind.
    path = f"/o/.*(packs|parts|zips).*{job_id}"
    suite.add_storage_fault({"match": {"path_regex": path}, "action": {"stall_s": 2}, "count": 2})
    suite.refuse_emails("451 4.3.0 Try later", to=user.email)
    client.upload(made["uploads"]["video"], clip, lambda _: None)

    def seen(stage: str, *, held: bool) -> ActiveUnit | None:
        return next(
            (
                one
                for one in read_pipeline_state(suite.place).active_units
                if (one.job, one.stage, one.lease_until is not None) == (job_id, stage, held)
            ),
            None,
        )

    held = wait_until(lambda: seen("frame_extraction", held=True), "the lease", interval_s=0.05)
    assert (held.attempt, held.part_count) == (1, 1)
    assert held.lease_until is not None
    assert 0 < (held.lease_until - datetime.now(UTC)).total_seconds() <= 45
    waits = wait_until(lambda: seen("notification", held=False), "the next attempt")
    suite.clear_storage_faults()

    assert waits.error_code
    text = [one.text for one in ProblemLog(suite.place.logs).read() if one.job == job_id]
    assert any(waits.error_code in line for line in text), "the refused mail is among the errors"
    assert any(waits.error_code in line for line in once(suite.place).stdout.splitlines())
    wait_until(lambda: suite.list_emails(user.email), "the mail after all")


def test_looking_meets_no_fault_and_says_which_are_in_force(suite: SuiteHandle) -> None:
    suite.add_storage_fault({"action": {"status": 503}, "count": 1})
    try:
        gathering = SnapshotReader(suite.place)
        for _ in range(3):
            shot = gathering.read()
        assert shot is not None
        [(server, rule)] = shot.faults
        assert (server, rule["matched_count"], rule["fired_count"]) == ("gcs", 0, 0)
        assert "  fault  gcs" in once(suite.place).stdout
    finally:
        suite.clear_storage_faults()


def test_without_a_suite_it_says_so() -> None:
    told = once(SuiteLayout(find_free_base()))

    assert told.returncode == 1
    assert "No suite is running" in told.stdout


def _like_a_shell() -> None:
    """What an interactive shell does for a command: a controlling terminal, and no signal that is
    ignored because whoever started the tests ignores it (nohup, a script's background job)."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


class Terminal:
    """A terminal of our own with `watch` in it."""

    def __init__(self, place: SuiteLayout) -> None:
        self._ours, theirs = pty.openpty()
        # More lines than a picture has: a full screen ends without the mark that is waited for.
        self.resize(100, 90)
        command, env = watch_command(place, "--every", "3600")
        # As whoever has loaded readline leaves them to its children.
        env |= {"COLUMNS": "80", "LINES": "24"}
        self.before = termios.tcgetattr(theirs)
        self.process = subprocess.Popen(
            command, env=env, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
            preexec_fn=_like_a_shell,
        )  # fmt: skip
        self._theirs = theirs
        os.set_blocking(self._ours, False)
        self.text = ""

    def resize(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def type(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    def until(self, wanted: str) -> str:
        """What was written since the last call, when it holds `wanted`."""

        def read() -> bool:
            try:
                self.text += os.read(self._ours, 1 << 16).decode()
            except BlockingIOError:
                return False
            return wanted in self.text

        wait_until(read, f"{wanted!r} on the terminal", interval_s=0.02)
        told, self.text = self.text, ""
        return told

    @property
    def settings(self) -> list[object]:
        return termios.tcgetattr(self._theirs)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._ours)
        os.close(self._theirs)


@pytest.fixture
def terminal(suite: SuiteHandle) -> Iterator[Terminal]:
    opened = Terminal(suite.place)
    yield opened
    opened.close()


def widest(drawn: str) -> int:
    """The columns of the widest row of a picture."""
    rows = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", drawn).replace("\r", "").split("\n")
    return max(map(display_width, rows))


def test_a_new_size_is_drawn_at_once(terminal: Terminal) -> None:
    terminal.until(END_OF_PICTURE)

    terminal.resize(40, 90)

    # The next refresh is an hour away.
    drawn = terminal.until(END_OF_PICTURE)
    assert widest(drawn) <= 40


@pytest.mark.parametrize(
    ("end", "status"), [("\x03", 0), ("q", 0), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_the_terminal_is_left_as_it_was_found(
    terminal: Terminal, end: str | signal.Signals, status: int
) -> None:
    terminal.until("Moodreel")
    assert terminal.settings != terminal.before

    if isinstance(end, str):
        terminal.type(end)
    else:
        terminal.process.send_signal(end)

    assert terminal.process.wait(120) == status
    left = terminal.until("\x1b[?1049l")
    assert "\x1b[?25h" in left, "the cursor stayed hidden"
    assert "\x1b[?7h" in left, "lines stayed cut off"
    assert "Traceback" not in left
    assert terminal.settings == terminal.before
