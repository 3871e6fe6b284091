"""The sandbox: untrusted bytes affect only the process that decodes them."""

from __future__ import annotations

import io
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from shared.errors import MoodreelError, SourceExpired
from shared.media.errors import (
    DecoderCrashed,
    FileKind,
    TooMuchMemory,
    TooMuchWork,
    VideoTooLong,
    WorkStopped,
)
from shared.media.sandbox.child import Limits
from shared.media.sandbox.run import iterate_in_sandbox, run_in_sandbox
from shared.media.sandbox.server import SandboxResult, SandboxServer
from shared.media.sandbox.source import Source
from tests.fixtures.media import sandbox_functions
from tests.fixtures.media.clip_specs import CLIP_SPECS
from tests.fixtures.media.sandbox_work import Function, to_work

LIMITS = Limits(cpu_s=20, memory_mb=300)


def _run(
    function: Function, *arguments: object, data: bytes = b"0123456789", **overrides: object
) -> SandboxResult:
    options = {"source": Source.from_bytes(data), "limits": LIMITS, **overrides}
    return run_in_sandbox(to_work(function), *arguments, **options)  # type: ignore[arg-type]


def test_input_output_progress_and_result_are_passed_on() -> None:
    data = os.urandom(5 << 20)
    sink, progress = io.BytesIO(), list[int]()
    result = _run(sandbox_functions.echo, b"!", data=data, sink=sink, on_progress=progress.append)
    assert result.value == data + b"!"
    assert sink.getvalue() == data
    assert progress == [len(data)]
    assert result.fetched_bytes == len(data)
    assert 0 < result.usage.cpu_s < 5
    assert 10 < result.usage.peak_mb < 200


@pytest.mark.parametrize(
    ("work", "name"),
    [(sandbox_functions.segfault, "SIGSEGV"), (sandbox_functions.abort, "SIGABRT")],
)
def test_crash_is_reported_with_its_signal(work: Function, name: str) -> None:
    sink = io.BytesIO()
    with pytest.raises(DecoderCrashed, match=name) as crash:
        _run(work, sink=sink)
    assert "on this video; convert it to H.264" in str(crash.value)


@pytest.mark.parametrize(
    ("exit_code", "error"), [(-signal.SIGSEGV, DecoderCrashed), (1, RuntimeError)]
)
def test_signal_before_the_work_begins_is_a_crash(exit_code: int, error: type[Exception]) -> None:
    parent_end, child_end = multiprocessing.Pipe()
    child_end.close()
    source = Source.from_bytes(b"")
    server = SandboxServer(parent_end, source, lambda _: None, lambda: None, "video")

    with pytest.raises(error):
        list(server.serve(lambda: exit_code))


@pytest.mark.parametrize(
    ("file_kind", "words"),
    [("picture", "this picture; convert it to JPEG"), ("sound", "this sound; convert it to WAV")],
)
def test_crash_is_reported_with_the_kind_of_file(file_kind: FileKind, words: str) -> None:
    work = replace(to_work(sandbox_functions.exit_process), file_kind=file_kind)
    with pytest.raises(DecoderCrashed, match=words):
        run_in_sandbox(work, source=Source.from_bytes(b""), limits=LIMITS)


def test_crash_does_not_affect_concurrent_work() -> None:
    """Four requests in one process, as upload_trigger serves them: two crash, two succeed."""
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
        results = list(pool.map(job, range(4)))
    assert results == [" ".join([outcome] * 5) for outcome in ("363", "decoder-crashed") * 2]


def test_silent_exit_counts_as_a_crash() -> None:
    with pytest.raises(DecoderCrashed):
        _run(sandbox_functions.exit_process)


def test_cpu_time_is_limited() -> None:
    with pytest.raises(TooMuchWork):
        _run(sandbox_functions.loop_forever, limits=Limits(cpu_s=1, memory_mb=100))


@pytest.mark.parametrize(
    "work", [sandbox_functions.exhaust_memory, sandbox_functions.exhaust_memory_in_c]
)
def test_memory_is_limited(work: Function) -> None:
    with pytest.raises(TooMuchMemory):
        _run(work)


def test_stopped_work_kills_the_process() -> None:
    pids: list[int] = []

    def check() -> None:
        if pids:
            raise WorkStopped

    with pytest.raises(WorkStopped):
        _run(sandbox_functions.sleep_long, on_progress=pids.append, check=check)
    assert not Path(f"/proc/{pids[0]}").exists()


def test_process_exits_with_its_parent() -> None:
    script = (
        "from shared.media.sandbox.run import declare_work, run_in_sandbox\n"
        "from shared.media.sandbox.child import Limits\n"
        "from shared.media.sandbox.source import Source\n"
        "work = declare_work('tests.fixtures.media.sandbox_functions', 'sleep_long')\n"
        "run_in_sandbox(work, source=Source.from_bytes(b''), limits=Limits(9, 99),"
        " on_progress=lambda pid: print(pid, flush=True))\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        process_folder = Path(f"/proc/{int(parent.stdout.readline())}")
        assert process_folder.exists()
        parent.kill()
        deadline = time.monotonic() + 120
        while process_folder.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
    assert not process_folder.exists()


def test_permanent_errors_pass_and_others_have_a_traceback() -> None:
    with pytest.raises(VideoTooLong, match="Ten hours of it"):
        _run(sandbox_functions.raise_permanent)
    with pytest.raises(RuntimeError, match=r"sandbox_functions\.py"):
        _run(sandbox_functions.raise_transient)


def test_errors_of_source_and_sink_pass_unchanged() -> None:
    def read_expired(_offset: int, _length: int) -> bytes:
        raise SourceExpired

    class FullSink:
        def write(self, _data: bytes, /) -> int:
            raise OSError("the disk is full")

    with pytest.raises(SourceExpired):
        _run(sandbox_functions.count_frames, source=Source(read_expired, 1000))
    with pytest.raises(OSError, match="the disk is full"):
        _run(sandbox_functions.write_forever, sink=FullSink())
    with pytest.raises(RuntimeError, match="invalid message"):
        _run(sandbox_functions.write_forever)


def test_reads_outside_of_the_object_are_refused() -> None:
    with pytest.raises(RuntimeError, match="are outside of the file"):
        _run(sandbox_functions.read_past_end)


def test_no_file_descriptors_leak() -> None:
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


def test_output_is_taken_message_by_message_until_the_iterator_is_closed() -> None:
    messages = iterate_in_sandbox(
        to_work(sandbox_functions.write_pid_forever), source=Source.from_bytes(b""), limits=LIMITS
    )
    pid = int(next(messages))
    assert int(next(messages)) == pid
    messages.close()
    assert not Path(f"/proc/{pid}").exists()


def test_parts_of_a_source_are_separate_files() -> None:
    parts = (b"first", b"", b"the second", b"3")
    source = Source.from_parts([Source.from_bytes(part) for part in parts])
    result = _run(sandbox_functions.join_parts, [len(part) for part in parts], source=source)
    assert result.value == b"first||the second|3"
