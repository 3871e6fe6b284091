"""Runs work on untrusted bytes in a separate process, which contains crashes, bombs and hangs.

The process is forked from a fork server, which takes milliseconds. It has no file and no connection
and cannot open any. The parent reads for it, within the bounds of one object, and writes its output
to one sink. When the parent exits, the process exits.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from typing import Any, NoReturn, Protocol

from shared.errors import MoodreelError, PermanentError
from shared.media.errors import DecoderCrashed, TooMuchMemory, TooMuchWork, WorkStopped
from shared.media.sandbox.child import (
    CHUNK_BYTES,
    MAX_ERROR_CHARS,
    READ_REQUEST,
    Limits,
    Work,
    run_child,
)

POLL_S = 0.2
"""How long a lost lease may go unnoticed while the process is silent."""
_MAX_MESSAGE_BYTES = CHUNK_BYTES + 64
_MAX_READ_BYTES = 16 << 20
_MAX_VALUE_BYTES = 64 << 20
_context = multiprocessing.get_context("forkserver")
_preloaded = ["__main__"]
# multiprocessing checks all processes whenever it starts one, and is not thread-safe.
_start_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Usage:
    """The resources that the work used; `peak_mb` includes pages shared with the fork server."""

    cpu_s: float
    peak_mb: float


@dataclass(frozen=True, slots=True)
class SandboxResult:
    """The value of the work, its resources, and the number of source bytes that it read."""

    value: bytes
    usage: Usage
    fetched_bytes: int


@dataclass(frozen=True, slots=True)
class Source:
    """The input of the work: `read_at(offset, length)` returns exactly `length` bytes."""

    read_at: Callable[[int, int], bytes]
    size_bytes: int
    block_bytes: int = 256 << 10


class Sink(Protocol):
    """The output of the work."""

    def write(self, data: bytes, /) -> int: ...


def preload(*modules: str) -> None:
    """Names modules that the fork server imports once for all processes."""
    _preloaded.extend(module for module in modules if module not in _preloaded)
    _context.set_forkserver_preload(_preloaded)


def run_in_sandbox(
    work: Work,
    *arguments: Any,
    source: Source,
    limits: Limits,
    sink: Sink | None = None,
    on_progress: Callable[[int], None] = lambda _count: None,
    should_stop: Callable[[], bool] = lambda: False,
    label: str = "",
) -> SandboxResult:
    """Runs `work(sandbox_io, *arguments)` in a separate process until it returns bytes.

    Args:
        work: A function of a module.
        *arguments: Further arguments of `work`.
        source: The input.
        limits: CPU time and memory.
        sink: The output, if the work writes any.
        on_progress: Called with each progress that the work reports.
        should_stop: Checked at least every POLL_S.
        label: The name of the process in `ps`.

    Raises:
        PermanentError: The one that the work raised.
        TooMuchWork: When the CPU time is used up.
        TooMuchMemory: When the memory is used up.
        DecoderCrashed: When the process crashed.
        WorkStopped: Soon after `should_stop` returns True.
        Exception: The error of reading the source or writing to the sink.
    """
    parent_end, child_end = _context.Pipe()
    with parent_end:
        with child_end:
            process = _start(
                (child_end, work, arguments, source.size_bytes, source.block_bytes, limits, label)
            )
        try:
            return _SandboxServer(parent_end, source, sink, on_progress, should_stop).serve(process)
        finally:
            with _start_lock:
                process.kill()
                process.join()
                process.close()


class _SandboxServer:
    """The parent side: serves the requests of the child, and treats its messages as untrusted."""

    def __init__(
        self,
        child: Connection,
        source: Source,
        sink: Sink | None,
        on_progress: Callable[[int], None],
        should_stop: Callable[[], bool],
    ) -> None:
        self._child = child
        self._source = source
        self._sink = sink
        self._on_progress = on_progress
        self._should_stop = should_stop
        self._value = bytearray()
        self._fetched_bytes = 0
        self._has_begun = False

    def serve(self, process: ForkServerProcess) -> SandboxResult:
        """Serves requests until the work has returned or the process has ended."""
        while True:
            if self._should_stop():
                raise WorkStopped
            try:
                if not self._child.poll(POLL_S):
                    continue
                message = self._child.recv_bytes(_MAX_MESSAGE_BYTES)
            except (EOFError, ConnectionError):
                if not self._has_begun:
                    raise RuntimeError("The process ended before its work began.") from None
                raise _exit_error(process) from None
            kind, body = message[:1], message[1:]
            if kind == b"d":
                report = json.loads(body)
                usage = Usage(float(report["cpu_s"]), float(report["peak_mb"]))
                return SandboxResult(bytes(self._value), usage, self._fetched_bytes)
            self._handle(kind, body)

    def _handle(self, kind: bytes, body: bytes) -> None:
        if kind == b"r":
            data = self._read(*READ_REQUEST.unpack(body))
            with contextlib.suppress(ConnectionError):
                self._child.send_bytes(data)
        elif kind == b"w" and self._sink is not None:
            self._sink.write(body)
        elif kind == b"t":
            self._on_progress(int(body))
        elif kind == b"v" and len(self._value) + len(body) <= _MAX_VALUE_BYTES:
            self._value += body
        elif kind == b"b":
            self._has_begun = True
        elif kind == b"m":
            raise TooMuchMemory
        elif kind == b"e":
            _raise_reported_error(json.loads(body))
        else:
            raise RuntimeError(f"The process sent an invalid message: {kind + body[:60]!r}")

    def _read(self, offset: int, length: int) -> bytes:
        if length > _MAX_READ_BYTES or offset + length > self._source.size_bytes:
            raise RuntimeError(f"{length} bytes at {offset} are outside of the file.")
        self._fetched_bytes += length
        return self._source.read_at(offset, length)


def _raise_reported_error(report: dict[str, str]) -> NoReturn:
    error_classes = {subclass.code: subclass for subclass in _subclasses(PermanentError)}
    error_class = error_classes.get(str(report.get("code")))
    if error_class is None:
        raise RuntimeError(f"In the process: {str(report.get('message'))[-MAX_ERROR_CHARS:]}")
    raise error_class(str(report["message"])[:MAX_ERROR_CHARS])


def _subclasses(kind: type[MoodreelError]) -> Iterator[type[MoodreelError]]:
    for subclass in kind.__subclasses__():
        yield subclass
        yield from _subclasses(subclass)


def _start(arguments: tuple[Any, ...]) -> ForkServerProcess:
    process = _context.Process(target=run_child, args=arguments, daemon=True)
    with _start_lock:
        process.start()
    return process


def _exit_error(process: ForkServerProcess) -> MoodreelError:
    with _start_lock:
        process.join(5)
        code = process.exitcode
    if code == -signal.SIGXCPU:
        return TooMuchWork()
    if code is None or code >= 0:
        return DecoderCrashed()
    return DecoderCrashed(f"{DecoderCrashed()} ({signal.Signals(-code).name})")
