"""What untrusted bytes may do to the process that decodes them, and not to anybody else."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from shared.errors import MoodreelError, SourceExpired
from shared.media.errors import (
    DecoderCrashed,
    TooMuchMemory,
    TooMuchWork,
    VideoTooLong,
    WorkStopped,
)
from shared.media.sandbox.child import Limits, Work
from shared.media.sandbox.run import SandboxResult, Source, preload, run_in_sandbox
from shared.pipeline import FUNCTIONS
from tests.fakes.canary import CanaryServer
from tests.fixtures.media import sandbox_functions
from tests.fixtures.media.clips import CLIP_SPECS

preload(sandbox_functions.__name__)
LIMITS = Limits(cpu_s=20, memory_mb=300)


def _run(
    work: Work, *arguments: object, data: bytes = b"0123456789", **how: object
) -> SandboxResult:
    def read_at(offset: int, length: int) -> bytes:
        return data[offset : offset + length]

    given = {"source": Source(read_at, len(data)), "limits": LIMITS, **how}
    return run_in_sandbox(work, *arguments, **given)  # type: ignore[arg-type]


def test_what_is_read_written_told_and_returned_comes_through_whole() -> None:
    data = os.urandom(5 << 20)
    sink, heard = io.BytesIO(), list[int]()
    worked = _run(sandbox_functions.echo, b"!", data=data, sink=sink, on_progress=heard.append)
    assert worked.value == data + b"!"
    assert sink.getvalue() == data
    assert heard == [len(data)]
    assert worked.fetched_bytes == len(data)
    assert 0 < worked.usage.cpu_s < 5
    assert 10 < worked.usage.peak_mb < 200


@pytest.mark.parametrize(
    ("work", "name"),
    [(sandbox_functions.segfault, "SIGSEGV"), (sandbox_functions.abort, "SIGABRT")],
)
def test_a_decoder_that_crashes_ends_alone_and_by_its_name(work: Work, name: str) -> None:
    sink = io.BytesIO()
    with pytest.raises(DecoderCrashed, match=name) as crash:
        _run(work, sink=sink)
    assert "convert it to H.264" in str(crash.value)


def test_a_crash_beside_it_does_not_touch_another_job() -> None:
    """Four requests in one process, as upload_trigger serves them: two crash, two are done."""
    data = CLIP_SPECS["cfr30"].encode().path.read_bytes()
    start = threading.Barrier(4)

    def job(number: int) -> str:
        outcomes = []
        for _ in range(5):
            start.wait()
            try:
                crash = number % 2
                work = sandbox_functions.segfault if crash else sandbox_functions.count_frames
                outcomes.append(_run(work, data=data).value.decode())
            except MoodreelError as error:
                outcomes.append(error.code)
        return " ".join(outcomes)

    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(job, range(4)))
    assert told == [" ".join([one] * 5) for one in ("363", "decoder-crashed") * 2]


def test_a_process_that_leaves_without_a_word_counts_as_a_crash() -> None:
    with pytest.raises(DecoderCrashed):
        _run(sandbox_functions.exit_process)


def test_endless_work_ends_at_its_share_of_time() -> None:
    with pytest.raises(TooMuchWork):
        _run(sandbox_functions.loop_forever, limits=Limits(cpu_s=1, memory_mb=100))


@pytest.mark.parametrize(
    "work", [sandbox_functions.exhaust_memory, sandbox_functions.exhaust_memory_in_c]
)
def test_a_bomb_bursts_where_memory_is_counted(work: Work) -> None:
    with pytest.raises(TooMuchMemory):
        _run(work)


def test_a_lost_lease_ends_the_process_at_once() -> None:
    pids: list[int] = []
    with pytest.raises(WorkStopped):
        _run(sandbox_functions.sleep_long, on_progress=pids.append, should_stop=lambda: bool(pids))
    assert not Path(f"/proc/{pids[0]}").exists()


def test_a_process_does_not_outlive_the_function_that_started_it() -> None:
    script = (
        "from shared.media.sandbox.run import Source, run_in_sandbox\n"
        "from shared.media.sandbox.child import Limits\n"
        "from tests.fixtures.media.sandbox_functions import sleep_long\n"
        "run_in_sandbox(sleep_long, source=Source(lambda at, n: b'', 0), limits=Limits(9, 99),"
        " on_progress=lambda pid: print(pid, flush=True))\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as function:
        assert function.stdout is not None
        started = Path(f"/proc/{int(function.stdout.readline())}")
        assert started.exists()
        function.kill()
        limit = time.monotonic() + 120
        while started.exists() and time.monotonic() < limit:
            time.sleep(0.05)
    assert not started.exists()


def test_refusals_come_through_and_other_faults_tell_where_they_are() -> None:
    with pytest.raises(VideoTooLong, match="Ten hours of it"):
        _run(sandbox_functions.raise_permanent)
    with pytest.raises(RuntimeError, match=r"sandbox_functions\.py"):
        _run(sandbox_functions.raise_transient)


def test_what_goes_wrong_outside_is_told_as_what_it_is() -> None:
    def gone(_offset: int, _length: int) -> bytes:
        raise SourceExpired

    class Full:
        def write(self, _data: bytes, /) -> int:
            raise OSError("the disk is full")

    with pytest.raises(SourceExpired):
        _run(sandbox_functions.count_frames, source=Source(gone, 1000))
    with pytest.raises(OSError, match="the disk is full"):
        _run(sandbox_functions.write_forever, sink=Full())
    with pytest.raises(RuntimeError, match="cannot say"):
        _run(sandbox_functions.write_forever)


def test_nothing_outside_of_the_object_is_read() -> None:
    with pytest.raises(RuntimeError, match="lie outside of the file"):
        _run(sandbox_functions.read_past_end)


def test_the_process_can_open_no_file_and_no_connection(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("a secret")
    with CanaryServer() as canary:
        worked = _run(sandbox_functions.try_to_escape, canary.port, str(path))
    assert set(worked.value.split()) == {b"impossible"}
    assert canary.received == []
    assert path.read_text() == "a secret"


def test_nothing_stays_behind() -> None:
    def open_files() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    _run(sandbox_functions.echo, b"", sink=io.BytesIO())
    before = open_files()
    for work in (
        sandbox_functions.segfault,
        sandbox_functions.raise_permanent,
        sandbox_functions.exit_process,
    ) * 5:
        with pytest.raises(MoodreelError):
            _run(work)
    assert open_files() == before


@pytest.mark.parametrize("name", ["upload_trigger", "frame_extraction", "emotion_scoring"])
def test_all_requests_of_a_function_fit_into_it_together(name: str) -> None:
    row = FUNCTIONS[name]
    limits = Limits.for_function(row)
    assert limits.memory_mb >= 190
    assert limits.memory_mb * row.concurrency < row.memory_mb
    assert 20 <= limits.cpu_s < row.soft_deadline_s * row.cpu
