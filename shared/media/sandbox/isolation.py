"""Isolates the calling process: removes its environment, files and connections.

Secrets are environment variables of a function, and the fork server inherits them. The function's
identity comes from the metadata server, which cannot be reached without a connection.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import sys
from pathlib import Path

from shared.media.sandbox.syscall_filter import restrict_system_calls

_PR_SET_NAME = 15


def isolate(kept_fds: set[int], cpu_s: int, memory_mb: int, label: str) -> str:
    """Removes environment and files, sets the limits, and restricts system calls.

    Args:
        kept_fds: Files that stay open. Standard input, output and error become /dev/null.
        cpu_s: User and system time.
        memory_mb: Address space in addition to the present one.
        label: The name of the process in `ps`.

    Returns:
        "" or why system calls are not restricted.
    """
    _erase_environment()
    _close_files(kept_fds)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_NAME, f"mr {label}"[:15].encode(), 0, 0, 0)
    _set_limits(cpu_s, memory_mb)
    return restrict_system_calls()


def _erase_environment() -> None:
    """Overwrites the environment, so that its values are not in memory any more.

    They are in the strings of the C library and in the objects of `os.environb`.
    """
    if sys.platform == "linux":
        _overwrite_strings()
    for value in os.environb.values():
        # CPython shares objects of one byte.
        if len(value) > 1:
            ctypes.memset(id(value) + bytes.__basicsize__ - 1, 0, len(value))
    os.environ.clear()


def _overwrite_strings() -> None:
    libc = ctypes.CDLL(None)
    libc.strlen.restype = ctypes.c_size_t
    strings = ctypes.POINTER(ctypes.c_void_p).in_dll(libc, "environ")
    count = 0
    while strings and (address := strings[count]):
        ctypes.memset(address, 0, libc.strlen(ctypes.c_void_p(address)))
        count += 1


def _close_files(kept_fds: set[int]) -> None:
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    for name in os.listdir("/dev/fd"):
        if int(name) not in {0, 1, 2, *kept_fds}:
            # The folder itself, which is closed already.
            with contextlib.suppress(OSError):
                os.close(int(name))


def _set_limits(cpu_s: int, memory_mb: int) -> None:
    """Prevents the process from opening files and connections, and from dumping core."""
    limits = {
        resource.RLIMIT_CPU: (cpu_s, cpu_s + 1),
        resource.RLIMIT_CORE: (0, 0),
        resource.RLIMIT_FSIZE: (0, 0),
        resource.RLIMIT_NOFILE: (0, 0),
    }
    if sys.platform == "linux":
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        address_space = pages * resource.getpagesize() + (memory_mb << 20)
        limits[resource.RLIMIT_AS] = (address_space, address_space)
    for limit, values in limits.items():
        resource.setrlimit(limit, values)
