"""Work on untrusted bytes in a process of its own: a crash, a bomb or a hang ends there.

The process is forked from a warm one, so it costs milliseconds. It has no file, no connection and
no way to open one: what it reads it asks its parent for, who reads one object within its bounds;
what it writes goes to one sink. When the parent dies, it dies.
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
"""How long a lost lease goes unnoticed while the process is silent."""
_MOST_MESSAGE_BYTES = CHUNK_BYTES + 64
_MOST_READ_BYTES = 16 << 20
_MOST_VALUE_BYTES = 64 << 20
_context = multiprocessing.get_context("forkserver")
_preloaded = ["__main__"]
# multiprocessing looks after all processes whenever it starts one, and is not made for threads.
_starting = threading.Lock()


@dataclass(frozen=True, slots=True)
class Usage:
    """What the work took; `peak_mb` counts the pages that it shares with the warm process."""

    cpu_s: float
    peak_mb: float


@dataclass(frozen=True, slots=True)
class SandboxResult:
    """What the work returned, what it took, and how many bytes it read of the source."""

    value: bytes
    usage: Usage
    fetched_bytes: int


@dataclass(frozen=True, slots=True)
class Source:
    """The one thing that the work may read: `read_at(offset, length)` gives exactly so much."""

    read_at: Callable[[int, int], bytes]
    size_bytes: int
    block_bytes: int = 256 << 10


class Sink(Protocol):
    """Where the work's output goes."""

    def write(self, data: bytes, /) -> int: ...


def preload(*modules: str) -> None:
    """Name what the warm process imports once for all that are forked from it."""
    _preloaded.extend(one for one in modules if one not in _preloaded)
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
    """Run `work(inside, *arguments)` in a process of its own, until it returns bytes.

    `heard` gets what the work tells; `label` is what the process is called in `ps`. Raises the
    PermanentError that the work raised, whatever reading the source or writing to the sink raised,
    TooMuchWork, TooMuchMemory, DecoderCrashed, and Stopped soon after `should_stop` says so.
    """
    ours, theirs = _context.Pipe()
    with ours:
        with theirs:
            given = (theirs, work, arguments, source.size_bytes, source.block_bytes, limits, label)
            process = _start(given)
        try:
            return _Serving(ours, source, sink, on_progress, should_stop).to_the_end(process)
        finally:
            with _starting:
                process.kill()
                process.join()
                process.close()


class _Serving:
    """The parent's side: answers what the work asks. Nothing that it says is believed."""

    def __init__(
        self,
        child: Connection,
        source: Source,
        sink: Sink | None,
        heard: Callable[[int], None],
        should_stop: Callable[[], bool],
    ) -> None:
        self._child = child
        self._source = source
        self._sink = sink
        self._heard = heard
        self._should_stop = should_stop
        self._value = bytearray()
        self._fetched_bytes = 0
        self._has_begun = False

    def to_the_end(self, process: ForkServerProcess) -> SandboxResult:
        """Serve until the work has returned or its process is gone."""
        while True:
            if self._should_stop():
                raise WorkStopped
            try:
                if not self._child.poll(POLL_S):
                    continue
                message = self._child.recv_bytes(_MOST_MESSAGE_BYTES)
            except (EOFError, ConnectionError):
                if not self._has_begun:
                    raise RuntimeError("The process ended before its work began.") from None
                raise _how_it_ended(process) from None
            kind, body = message[:1], message[1:]
            if kind == b"d":
                told = json.loads(body)
                usage = Usage(float(told["cpu_s"]), float(told["peak_mb"]))
                return SandboxResult(bytes(self._value), usage, self._fetched_bytes)
            self._answer(kind, body)

    def _answer(self, kind: bytes, body: bytes) -> None:
        if kind == b"r":
            data = self._read(*READ_REQUEST.unpack(body))
            with contextlib.suppress(ConnectionError):
                self._child.send_bytes(data)
        elif kind == b"w" and self._sink is not None:
            self._sink.write(body)
        elif kind == b"t":
            self._heard(int(body))
        elif kind == b"v" and len(self._value) + len(body) <= _MOST_VALUE_BYTES:
            self._value += body
        elif kind == b"b":
            self._has_begun = True
        elif kind == b"m":
            raise TooMuchMemory
        elif kind == b"e":
            _raise_as_told(json.loads(body))
        else:
            raise RuntimeError(f"The process says what it cannot say: {kind + body[:60]!r}")

    def _read(self, offset: int, length: int) -> bytes:
        if length > _MOST_READ_BYTES or offset + length > self._source.size_bytes:
            raise RuntimeError(f"{length} bytes at {offset} lie outside of the file.")
        self._fetched_bytes += length
        return self._source.read_at(offset, length)


def _raise_as_told(told: dict[str, str]) -> NoReturn:
    refusals = {one.code: one for one in _below(PermanentError)}
    raised = refusals.get(str(told.get("code")))
    if raised is None:
        raise RuntimeError(f"In the process: {str(told.get('message'))[-MAX_ERROR_CHARS:]}")
    raise raised(str(told["message"])[:MAX_ERROR_CHARS])


def _below(kind: type[MoodreelError]) -> Iterator[type[MoodreelError]]:
    for one in kind.__subclasses__():
        yield one
        yield from _below(one)


def _start(given: tuple[Any, ...]) -> ForkServerProcess:
    process = _context.Process(target=run_child, args=given, daemon=True)
    with _starting:
        process.start()
    return process


def _how_it_ended(process: ForkServerProcess) -> MoodreelError:
    with _starting:
        process.join(5)
        code = process.exitcode
    if code == -signal.SIGXCPU:
        return TooMuchWork()
    if code is None or code >= 0:
        return DecoderCrashed()
    return DecoderCrashed(f"{DecoderCrashed()} ({signal.Signals(-code).name})")
