"""The sandbox process reaches no file, connection, process, or secret of the function."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import platform
import re
import secrets
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from shared.media.sandbox.child import Limits
from shared.media.sandbox.run import run_in_sandbox
from shared.media.sandbox.source import Source
from shared.media.sandbox.syscalls import ARCHITECTURES
from tests.fakes.canary import CanaryServer
from tests.fixtures.media import sandbox_functions
from tests.fixtures.media.sandbox_work import Function, to_work

LIMITS = Limits(cpu_s=20, memory_mb=300)
needs_filter = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() not in ARCHITECTURES,
    reason="needs a machine with a filter of system calls",
)
_SCRIPT = """
import sys
from shared.media.sandbox.child import Limits
from shared.media.sandbox.run import declare_work, run_in_sandbox
from shared.media.sandbox.source import Source
for module in sys.argv[3:]:
    declare_work(module, "")
work = declare_work("tests.fixtures.media.sandbox_functions", sys.argv[1])
for _ in range(int(sys.argv[2])):
    result = run_in_sandbox(
        work,
        source=Source.from_bytes(b"abc"),
        limits=Limits(20, 300),
        on_progress=lambda pid: (print(pid, flush=True), input()),
    )
    print(result.value.decode())
"""
"""Runs a function in a sandbox whose fork server has its own environment and modules. After each
progress it waits for a line."""

_SCRIPT_WITH_ANOTHER_FILTER = """
import threading
from shared.media.sandbox import syscall_filter
has_filter, end = threading.Event(), threading.Event()
def restrict_this_thread_only():
    syscall_filter._FLAG_TSYNC, flag = 0, syscall_filter._FLAG_TSYNC
    assert syscall_filter.restrict_system_calls() == ""
    syscall_filter._FLAG_TSYNC = flag
    has_filter.set()
    end.wait()
thread = threading.Thread(target=restrict_this_thread_only)
thread.start()
has_filter.wait()
print(syscall_filter.restrict_system_calls())
print(thread.native_id)
end.set()
"""


def _run(function: Function, *arguments: object) -> Any:
    result = run_in_sandbox(
        to_work(function), *arguments, source=Source.from_bytes(b""), limits=LIMITS
    )
    return json.loads(result.value)


def _start_script(
    function: Function, times: int, *modules: str, env: Mapping[str, str] | None = None
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _SCRIPT, function.__name__, str(times), *modules],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, **(env or {})},
    )  # fmt: skip


@needs_filter
def test_process_cannot_reach_files_connections_or_processes(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("a secret")
    with CanaryServer() as canary:
        outcomes = _run(sandbox_functions.try_to_escape, canary.port, str(path))
    assert "start a shell" in outcomes
    assert set(outcomes.values()) == {errno.EPERM}, outcomes
    assert canary.received == []
    assert path.read_text() == "a secret"


def test_process_has_the_files_of_its_connection_only() -> None:
    with open(os.devnull) as inherited:
        assert inherited.fileno() > 2
        open_files = _run(sandbox_functions.list_open_files)
    assert open_files[:3] == [0, 1, 2], "they are /dev/null"
    assert len(open_files) == 5, "the connection, and the pipe that ends with the parent"


def test_process_has_no_environment() -> None:
    assert os.environ
    assert _run(sandbox_functions.read_environment) == {}


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_of_the_process_does_not_contain_secrets_of_the_function() -> None:
    secret = secrets.token_hex(24)
    with _start_script(
        sandbox_functions.sleep_long, 1, env={"GEMINI_API_KEY": secret, "X": "1"}
    ) as script:
        assert script.stdout is not None
        pid = int(script.stdout.readline())
        try:
            memory = _read_memory(pid)
        except PermissionError:
            pytest.skip("this machine does not let a test read the memory of a process")
        finally:
            script.kill()
    assert b"sandbox_functions" in memory
    assert secret.encode() not in memory


def _read_memory(pid: int) -> bytes:
    parts = []
    with Path(f"/proc/{pid}/mem").open("rb") as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            if area := re.match(r"(\w+)-(\w+) rw", line):
                start, end = (int(address, 16) for address in area.groups())
                memory.seek(start)
                with contextlib.suppress(OSError):
                    parts.append(memory.read(end - start))
    return b"".join(parts)


def test_without_a_filter_work_runs_and_the_reason_is_logged_once() -> None:
    with _start_script(
        sandbox_functions.echo_input, 3, "tests.fixtures.media.no_syscall_filter"
    ) as script:
        out, err = script.communicate()
    assert script.returncode == 0, err
    assert out.split() == ["abc"] * 3
    (event,) = [json.loads(line) for line in err.splitlines() if line.startswith("{")]
    assert event["message"] == "sandbox.unrestricted"
    assert event["severity"] == "WARNING"
    assert "no filter for" in event["reason"]


@needs_filter
def test_thread_with_another_filter_is_reported() -> None:
    """The kernel then installs no filter, and returns the id of the thread."""
    completed = subprocess.run(
        [sys.executable, "-c", _SCRIPT_WITH_ANOTHER_FILTER],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    reason, thread_id = completed.stdout.splitlines()
    assert reason == f"seccomp: thread {thread_id} has another filter"


@needs_filter
def test_with_a_filter_nothing_is_logged() -> None:
    with _start_script(sandbox_functions.echo_input, 1) as script:
        out, err = script.communicate()
    assert (out.split(), err) == (["abc"], "")
