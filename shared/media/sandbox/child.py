"""The inside of a confined process: what its work sees, and how its door is shut.

It speaks first: `b` begun, `r` read, `w` write, `t` tell, `v` a part of the value, and in the end
`d` done, `e` refused or stumbled, `m` out of memory. Only reads are answered.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import multiprocessing
import os
import resource
import struct
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from shared.errors import PermanentError
from shared.media.containers.range_file import RangeFile
from shared.pipeline import Function

PARENT_MB = 224
"""What a function's own process and the warm one take, measured with a margin."""
CPU_SHARE = 0.9
"""Of a function's time; the rest is for reading, writing and the ledger."""
CHUNK_BYTES = 1 << 20
"""The most that one message passes on."""
READ_REQUEST = struct.Struct(">QI")
"""Offset and length of what is asked for."""
MAX_ERROR_CHARS = 2000
"""The most letters of an error's sentence or trace."""
_PR_SET_NAME = 15


@dataclass(frozen=True, slots=True)
class Limits:
    """cpu_s: user and system time. memory_mb: address space beyond what a warm process has."""

    cpu_s: int
    memory_mb: int

    @classmethod
    def for_function(cls, function: Function) -> Limits:
        """What one request of this row may have, so that all of them together fit."""
        cpu_s = int(function.soft_deadline_s * function.cpu * CPU_SHARE)
        return cls(cpu_s, (function.memory_mb - PARENT_MB) // function.concurrency)


class SandboxIO:
    """What the work sees of the world. It is a sink itself."""

    def __init__(self, parent: Connection, size_bytes: int, block_bytes: int) -> None:
        self._parent = parent
        self.size_bytes = size_bytes
        self.file = RangeFile(self.read, size_bytes, block_bytes=block_bytes)

    def write(self, data: bytes) -> int:
        """Pass output on."""
        for at in range(0, len(data), CHUNK_BYTES):
            self._parent.send_bytes(b"w" + data[at : at + CHUNK_BYTES])
        return len(data)

    def report_progress(self, count: int) -> None:
        """Say how far the work is."""
        self._parent.send_bytes(b"t" + str(count).encode())

    def read(self, offset: int, length: int) -> bytes:
        """Ask for a part of the source, past what `file` keeps of it."""
        self._parent.send_bytes(b"r" + READ_REQUEST.pack(offset, length))
        return self._parent.recv_bytes()


Work = Callable[..., bytes]
"""Called with an Inside and what else `confined` was given. A function of a module, so that the
other process finds it by its name."""


def run_child(
    parent: Connection,
    work: Work,
    arguments: tuple[Any, ...],
    size_bytes: int,
    block_bytes: int,
    limits: Limits,
    label: str,
) -> None:
    try:
        threading.Thread(target=_end_with_the_parent, daemon=True).start()
        _shut_the_door(limits)
        parent.send_bytes(b"b")
        ctypes.CDLL(None).prctl(_PR_SET_NAME, f"mr {label}"[:15].encode(), 0, 0, 0)
        value = work(SandboxIO(parent, size_bytes, block_bytes), *arguments)
        for at in range(0, len(value), CHUNK_BYTES):
            parent.send_bytes(b"v" + value[at : at + CHUNK_BYTES])
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


def _end_with_the_parent() -> None:
    """Nobody reads what an orphan makes. Its sentinel is a pipe that ends when the parent does."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        os.read(parent.sentinel, 1)
        os._exit(1)


def _shut_the_door(limits: Limits) -> None:
    """What is open stays open; nothing more is opened, no file, no connection, no core dump."""
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
    told = json.dumps({"code": code, "message": message[-MAX_ERROR_CHARS:]})
    with contextlib.suppress(ConnectionError):
        parent.send_bytes(b"e" + told.encode())


def _usage() -> dict[str, float]:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {"cpu_s": used.ru_utime + used.ru_stime, "peak_mb": used.ru_maxrss / 1024}
