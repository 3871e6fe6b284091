"""`emulator.sh watch`: the state of the pipeline that it shows, and the terminal that it uses."""

from __future__ import annotations

import codecs
import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import termios
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from infra.local.suite.handle import SuiteHandle, wait_until
from infra.local.suite.layout import SuiteLayout
from infra.local.suite.ports import find_free_base
from infra.local.suite.services import select_functions
from infra.local.watch.pipeline import ActiveUnit, read_pipeline_state
from infra.local.watch.problems import ProblemLog
from infra.local.watch.snapshot import SnapshotReader
from infra.local.watch.text import display_width
from tests.fixtures.media.clip_specs import CLIP_SPECS
from tests.fixtures.suite.command import emulator_command, run_emulator
from tests.fixtures.suite.deliveries import hold_deliveries

pytestmark = pytest.mark.suite

END_OF_FRAME = "\x1b[J"


@pytest.fixture(scope="module")
def clip() -> Path:
    return CLIP_SPECS["cfr30"].encode().path


def test_watch_counts_waiting_parts_and_finished_jobs(suite: SuiteHandle, clip: Path) -> None:
    client = suite.client()
    before = read_pipeline_state(suite.layout)
    with hold_deliveries(suite, "frame_extraction"):
        ids = [suite.start_job(client, "frames", clip) for _ in range(3)]
        wait_until(
            lambda: (
                read_pipeline_state(suite.layout).waiting_by_stage.get("frame_extraction", 0)
                == before.waiting_by_stage.get("frame_extraction", 0) + 3
            ),
            "three parts to wait",
        )
        result = run_emulator(suite.layout, "watch", "--once")
    for job_id in ids:
        assert suite.wait_for_job(client, job_id)["status"] == "done"

    assert result.returncode == 0
    rows = {line.split()[0]: line.split() for line in result.stdout.splitlines() if line.strip()}
    assert int(rows["frame_extraction"][1]) >= 3
    assert {row.name for row in select_functions() if row.is_event_driven} <= set(rows)
    after = read_pipeline_state(suite.layout)
    assert after.jobs_by_status["done"] - before.jobs_by_status.get("done", 0) == 3
    assert after.waiting_by_stage.get("frame_extraction", 0) == before.waiting_by_stage.get(
        "frame_extraction", 0
    )


def test_watch_counts_received_but_not_announced_uploads(suite: SuiteHandle, clip: Path) -> None:
    client = suite.client()
    before = read_pipeline_state(suite.layout).waiting_by_stage.get("upload_trigger", 0)
    with hold_deliveries(suite, "upload_trigger"):
        video = {"filename": "a.mp4", "content_type": "video/mp4", "size_bytes": 1000}
        client.create_job("frames", {"video": video})
        job_id = suite.start_job(client, "frames", clip)
        assert (
            read_pipeline_state(suite.layout).waiting_by_stage.get("upload_trigger", 0)
            == before + 1
        )
    suite.wait_for_job(client, job_id)


def test_watch_shows_leased_units_and_units_that_wait_for_a_retry(
    suite: SuiteHandle, clip: Path
) -> None:
    user = suite.user()
    client = suite.client(user)
    video = {
        "filename": clip.name, "content_type": "video/mp4", "size_bytes": clip.stat().st_size,
    }  # fmt: skip
    created = client.create_job("frames", {"video": video})
    job_id = str(created["job"]["id"])
    # Before the upload, and for this job and user only: other tests may have left work behind.
    path = f"/o/.*(packs|parts|zips).*{job_id}"
    suite.add_storage_fault({"match": {"path_regex": path}, "action": {"stall_s": 2}, "count": 2})
    suite.refuse_emails("451 4.3.0 Try later", to=user.email)
    client.upload(created["uploads"]["video"], clip, lambda _: None)

    def find_unit(stage: str, *, leased: bool) -> ActiveUnit | None:
        return next(
            (
                unit
                for unit in read_pipeline_state(suite.layout).active_units
                if (unit.job, unit.stage, unit.lease_until is not None) == (job_id, stage, leased)
            ),
            None,
        )

    leased = wait_until(
        lambda: find_unit("frame_extraction", leased=True), "the lease", interval_s=0.05
    )
    assert (leased.attempt, leased.part_count) == (1, 1)
    assert leased.lease_until is not None
    assert 0 < (leased.lease_until - datetime.now(UTC)).total_seconds() <= 45
    waiting = wait_until(lambda: find_unit("notification", leased=False), "the next attempt")
    suite.clear_storage_faults()

    assert waiting.error_code
    messages = [
        problem.text for problem in ProblemLog(suite.layout.logs).read() if problem.job == job_id
    ]
    assert any(waiting.error_code in line for line in messages), (
        "the refused e-mail is not among the problems"
    )
    assert any(
        waiting.error_code in line
        for line in run_emulator(suite.layout, "watch", "--once").stdout.splitlines()
    )
    wait_until(lambda: suite.list_emails(user.email), "the e-mail")


def test_watch_triggers_no_fault_and_lists_active_rules(suite: SuiteHandle) -> None:
    suite.add_storage_fault({"action": {"status": 503}, "count": 1})
    try:
        reader = SnapshotReader(suite.layout)
        for _ in range(3):
            snapshot = reader.read()
        assert snapshot is not None
        [(server, rule)] = snapshot.faults
        assert (server, rule["matched_count"], rule["fired_count"]) == ("gcs", 0, 0)
        assert "  fault  gcs" in run_emulator(suite.layout, "watch", "--once").stdout
    finally:
        suite.clear_storage_faults()


def test_watch_without_a_suite_says_so() -> None:
    result = run_emulator(SuiteLayout(find_free_base()), "watch", "--once")

    assert result.returncode == 1
    assert "No suite is running" in result.stdout


def _set_up_as_shell_does() -> None:
    """Sets up the process of a command as an interactive shell does.

    It gets a controlling terminal and the default action for signals that the parent may ignore
    (nohup, a background job of a script).
    """
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


class Terminal:
    """A pseudo-terminal in which `watch` runs."""

    def __init__(self, layout: SuiteLayout) -> None:
        self._test_end, program_end = pty.openpty()
        # More lines than a frame has: a frame that fills the screen ends without END_OF_FRAME.
        self.resize(100, 90)
        command, env = emulator_command(layout, "watch", "--every", "3600")
        # A parent that has loaded readline exports these to its children.
        env |= {"COLUMNS": "80", "LINES": "24"}
        self.initial_settings = termios.tcgetattr(program_end)
        self.process = subprocess.Popen(
            command,
            env=env,
            stdin=program_end,
            stdout=program_end,
            stderr=program_end,
            start_new_session=True,
            preexec_fn=_set_up_as_shell_does,
        )
        self._program_end = program_end
        os.set_blocking(self._test_end, False)
        self._output = ""
        # A read may end within a character.
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def resize(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self._test_end, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def type(self, keys: str) -> None:
        os.write(self._test_end, keys.encode())

    def read_until(self, text: str) -> str:
        """Waits for `text`. Returns the output since the last call."""

        def read() -> bool:
            try:
                self._output += self._decoder.decode(os.read(self._test_end, 1 << 16))
            except BlockingIOError:
                return False
            return text in self._output

        wait_until(read, f"{text!r} on the terminal", interval_s=0.02)
        output, self._output = self._output, ""
        return output

    @property
    def settings(self) -> list[object]:
        return termios.tcgetattr(self._program_end)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._test_end)
        os.close(self._program_end)


@pytest.fixture
def terminal(suite: SuiteHandle) -> Iterator[Terminal]:
    terminal = Terminal(suite.layout)
    yield terminal
    terminal.close()


def widest_row(drawn: str) -> int:
    """Returns the width of the widest row of a frame, in columns."""
    rows = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", drawn).replace("\r", "").split("\n")
    return max(map(display_width, rows))


def test_resize_redraws_at_once(terminal: Terminal) -> None:
    terminal.read_until(END_OF_FRAME)

    terminal.resize(40, 90)

    # The next refresh is an hour away.
    drawn = terminal.read_until(END_OF_FRAME)
    assert widest_row(drawn) <= 40


@pytest.mark.parametrize(
    ("quit_with", "status"), [("\x03", 0), ("q", 0), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_watch_restores_the_terminal_on_exit(
    terminal: Terminal, quit_with: str | signal.Signals, status: int
) -> None:
    terminal.read_until("Moodreel")
    assert terminal.settings != terminal.initial_settings

    if isinstance(quit_with, str):
        terminal.type(quit_with)
    else:
        terminal.process.send_signal(quit_with)

    assert terminal.process.wait(120) == status
    output = terminal.read_until("\x1b[?1049l")
    assert "\x1b[?25h" in output, "the cursor is still hidden"
    assert "\x1b[?7h" in output, "line wrapping is still off"
    assert "Traceback" not in output
    assert terminal.settings == terminal.initial_settings
