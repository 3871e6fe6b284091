"""Work on untrusted bytes in a process of its own: a crash, a bomb or a hang ends there.

The process is forked from a warm one, so it costs milliseconds. It has no file, no connection and
no way to open one: what it reads it asks its parent for, who reads one object within its bounds;
what it writes goes to one sink. When the parent dies, its next question is its last.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import resource
import signal
import struct
import threading
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any, NoReturn, Protocol

from shared.domain.pipeline import Stage
from shared.errors import MoodreelError, PermanentError
from shared.media.errors import DecoderCrashed, Stopped, TooMuchMemory, TooMuchWork
from shared.media.ranged import RangeFile

PARENT_MB = 224
"""What a function's own process and the warm one take, measured with a margin."""
CPU_SHARE = 0.9
"""Of a function's time; the rest is for reading, writing and the ledger."""
POLL_S = 0.2
"""How long a lost lease goes unnoticed while the process is silent."""
_CHUNK_BYTES = 1 << 20
_MOST_MESSAGE_BYTES = _CHUNK_BYTES + 64
_MOST_READ_BYTES = 16 << 20
_MOST_VALUE_BYTES = 64 << 20
_READ = struct.Struct(">QI")
_WORDS = 2000

_context = multiprocessing.get_context("forkserver")
_preloaded = ["__main__"]
# multiprocessing looks after all processes whenever it starts one, and is not made for threads.
_starting = threading.Lock()


@dataclass(frozen=True, slots=True)
class Limits:
    """cpu_s: user and system time. memory_mb: address space beyond what a warm process has."""

    cpu_s: int
    memory_mb: int

    @classmethod
    def of(cls, row: Stage) -> Limits:
        """What one request of this row may have, so that all of them together fit."""
        cpu_s = int(row.soft_deadline_s * row.cpu * CPU_SHARE)
        return cls(cpu_s, (row.memory_mb - PARENT_MB) // row.concurrency)


@dataclass(frozen=True, slots=True)
class Usage:
    """What the work took; `peak_mb` counts the pages that it shares with the warm process."""

    cpu_s: float
    peak_mb: float


@dataclass(frozen=True, slots=True)
class Worked:
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


class Inside:
    """What the work sees of the world. It is a sink itself."""

    def __init__(self, parent: Connection, size_bytes: int, block_bytes: int) -> None:
        self._parent = parent
        self.size_bytes = size_bytes
        self.file = RangeFile(self._read, size_bytes, block_bytes=block_bytes)

    def write(self, data: bytes) -> int:
        """Pass output on."""
        for at in range(0, len(data), _CHUNK_BYTES):
            self._parent.send_bytes(b"w" + data[at : at + _CHUNK_BYTES])
        return len(data)

    def tell(self, count: int) -> None:
        """Say how far the work is."""
        self._parent.send_bytes(b"t" + str(count).encode())

    def _read(self, offset: int, length: int) -> bytes:
        self._parent.send_bytes(b"r" + _READ.pack(offset, length))
        return self._parent.recv_bytes()


Work = Callable[..., bytes]
"""Called with an Inside and what else `confined` was given. A function of a module, so that the
other process finds it by its name."""


def preload(*modules: str) -> None:
    """Name what the warm process imports once for all that are forked from it."""
    _preloaded.extend(one for one in modules if one not in _preloaded)
    _context.set_forkserver_preload(_preloaded)


def confined(
    work: Work,
    *arguments: Any,
    source: Source,
    limits: Limits,
    sink: Sink | None = None,
    heard: Callable[[int], None] = lambda _count: None,
    should_stop: Callable[[], bool] = lambda: False,
    label: str = "",
) -> Worked:
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
            return _Serving(ours, source, sink, heard, should_stop).to_the_end(process)
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

    def to_the_end(self, process: ForkServerProcess) -> Worked:
        """Serve until the work has returned or its process is gone."""
        while True:
            if self._should_stop():
                raise Stopped
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
                return Worked(bytes(self._value), usage, self._fetched_bytes)
            self._answer(kind, body)

    def _answer(self, kind: bytes, body: bytes) -> None:
        if kind == b"r":
            data = self._read(*_READ.unpack(body))
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
        raise RuntimeError(f"In the process: {str(told.get('message'))[-_WORDS:]}")
    raise raised(str(told["message"])[:_WORDS])


def _below(kind: type[MoodreelError]) -> Iterator[type[MoodreelError]]:
    for one in kind.__subclasses__():
        yield one
        yield from _below(one)


def _start(given: tuple[Any, ...]) -> ForkServerProcess:
    process = _context.Process(target=_enter, args=given, daemon=True)
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


# --- in the other process ---------------------------------------------------------------------


def _enter(
    parent: Connection,
    work: Work,
    arguments: tuple[Any, ...],
    size_bytes: int,
    block_bytes: int,
    limits: Limits,
    label: str,
) -> None:
    try:
        _shut_the_door(limits, label)
        parent.send_bytes(b"b")
        value = work(Inside(parent, size_bytes, block_bytes), *arguments)
        for at in range(0, len(value), _CHUNK_BYTES):
            parent.send_bytes(b"v" + value[at : at + _CHUNK_BYTES])
        parent.send_bytes(b"d" + json.dumps(_usage()).encode())
    except PermanentError as refused:
        _complain(parent, refused.code, str(refused))
    except (EOFError, ConnectionError):
        pass  # the parent is gone
    except Exception as fault:
        if _is_out_of_memory(fault):
            parent.send_bytes(b"m")
        else:
            _complain(parent, "", "".join(traceback.format_exception(fault)))
    finally:
        os._exit(0)


def _shut_the_door(limits: Limits, label: str) -> None:
    """What is open stays open; nothing more is opened, no file, no connection, no core dump."""
    with contextlib.suppress(OSError):  # a sandbox may not let a process be named
        Path("/proc/self/comm").write_text(f"mr {label}"[:15])
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    address_space = pages * resource.getpagesize() + (limits.memory_mb << 20)
    for what, soft, hard in (
        (resource.RLIMIT_CPU, limits.cpu_s, limits.cpu_s + 1),
        (resource.RLIMIT_AS, address_space, address_space),
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_FSIZE, 0, 0),
        (resource.RLIMIT_NOFILE, 0, 0),
    ):
        resource.setrlimit(what, (soft, hard))


def _is_out_of_memory(fault: BaseException | None) -> bool:
    """Also when a library says it in its own words: OpenCV's code for it is -4."""
    if fault is None:
        return False
    told = isinstance(fault, MemoryError) or getattr(fault, "code", None) == -4
    return told or _is_out_of_memory(fault.__cause__ or fault.__context__)


def _complain(parent: Connection, code: str, message: str) -> None:
    told = json.dumps({"code": code, "message": message[-_WORDS:]})
    with contextlib.suppress(ConnectionError):
        parent.send_bytes(b"e" + told.encode())


def _usage() -> dict[str, float]:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {"cpu_s": used.ru_utime + used.ru_stime, "peak_mb": used.ru_maxrss / 1024}
