"""Runs work on untrusted bytes in a separate process, which contains crashes, bombs and hangs.

The process is forked from a fork server, which takes milliseconds. It has no file, no connection
and no environment, and cannot open any; on Linux, seccomp allows it few system calls. The parent
reads for it, within the bounds of one object, and takes its output. When the parent exits, the
process exits.
"""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from multiprocessing.context import ForkServerProcess
from typing import Any, Protocol

from shared.media.errors import FileKind
from shared.media.sandbox.child import Limits, Work, run_child
from shared.media.sandbox.server import POLL_S, SandboxResult, SandboxServer
from shared.media.sandbox.source import Source

_context = multiprocessing.get_context("forkserver")
_preloaded = ["shared.media.sandbox.preload"]
# multiprocessing checks all processes whenever it starts one, and is not thread-safe.
_start_lock = threading.Lock()


class Sink(Protocol):
    """The output of the work."""

    def write(self, data: bytes, /) -> int: ...


def declare_work(module: str, function: str, file_kind: FileKind = "video") -> Work:
    """Returns the work of this name. The fork server imports its module, once for all processes.

    The caller must not import the module: decoders are imported only in sandbox processes.
    Declare work where a module of the parent is imported, before the first process starts.
    """
    if module not in _preloaded:
        _preloaded.append(module)
        _context.set_forkserver_preload(_preloaded)
    return Work(module, function, file_kind)


def run_in_sandbox(
    work: Work,
    *arguments: Any,
    source: Source,
    limits: Limits,
    sink: Sink | None = None,
    on_progress: Callable[[int], None] = lambda _count: None,
    check: Callable[[], None] = lambda: None,
    label: str = "",
) -> SandboxResult:
    """Runs the work with a SandboxIO and `arguments` in a separate process until it returns bytes.

    Args:
        work: The function.
        *arguments: Its further arguments.
        source: The input.
        limits: CPU time and memory.
        sink: The output, if the work writes any.
        on_progress: Called with each progress that the work reports.
        check: Called at least every POLL_S, also by another thread; raises to stop the work. The
            process is then killed, even if it blocks this thread. Must continue to raise.
        label: The name of the process in `ps`.

    Raises:
        PermanentError: The one that the work raised.
        TooMuchWork: When the CPU time is used up.
        TooMuchMemory: When the memory is used up.
        DecoderCrashed: When the process crashed.
        Exception: The error of `check`, of reading the source or of writing to the sink.
    """
    with _start(work, arguments, source, limits, on_progress, check, label) as (server, join):
        for data in server.serve(join):
            if sink is None:
                raise RuntimeError(f"The process sent an invalid message: {data[:60]!r}")
            sink.write(data)
    assert server.result is not None, "`serve` ends with a result"  # noqa: S101 - set by `serve`
    return server.result


def iterate_in_sandbox(
    work: Work,
    *arguments: Any,
    source: Source,
    limits: Limits,
    check: Callable[[], None] = lambda: None,
    label: str = "",
) -> Generator[bytes, None, None]:
    """Runs the work like `run_in_sandbox`, and yields what it writes, in messages of at most
    CHUNK_BYTES. The process waits while nothing is taken, and ends when the iterator is closed."""
    with _start(work, arguments, source, limits, lambda _: None, check, label) as started:
        server, join = started
        yield from server.serve(join)


@contextmanager
def _start(
    work: Work,
    arguments: tuple[Any, ...],
    source: Source,
    limits: Limits,
    on_progress: Callable[[int], None],
    check: Callable[[], None],
    label: str,
) -> Iterator[tuple[SandboxServer, Callable[[], int | None]]]:
    """Yields the server of a new process, and the function that waits for its end."""
    parent_end, child_end = _context.Pipe()
    with parent_end:
        with child_end:
            run_arguments = (
                child_end, work, arguments, source.size_bytes, source.block_bytes, limits, label,
            )  # fmt: skip
            process = _context.Process(target=run_child, args=run_arguments, daemon=True)
            with _start_lock:
                process.start()
        has_ended = threading.Event()
        watcher = threading.Thread(
            target=_kill_when_stopped, args=(process, check, has_ended), daemon=True
        )
        watcher.start()
        try:
            yield (
                SandboxServer(parent_end, source, on_progress, check, work.file_kind),
                lambda: _join(process),
            )
        finally:
            has_ended.set()
            watcher.join()
            with _start_lock:
                process.kill()
                process.join()
                process.close()


def _kill_when_stopped(
    process: ForkServerProcess, check: Callable[[], None], has_ended: threading.Event
) -> None:
    """Kills the process when `check` raises. The thread that serves the process cannot: a process
    that sends half a message, or reads no response, blocks it."""
    while not has_ended.wait(POLL_S):
        try:
            check()
        except Exception:
            with _start_lock:
                process.kill()
            return


def _join(process: ForkServerProcess) -> int | None:
    """Waits for the end of a process. Returns its exit code, negative for a signal."""
    with _start_lock:
        process.join(5)
        return process.exitcode
