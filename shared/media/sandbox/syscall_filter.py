"""Restricts the calling process to a list of system calls, with seccomp (Linux).

The filter is a BPF program of this module, because the bindings on the package index need the
system's libseccomp, which the image of a function need not have.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import sys
from dataclasses import dataclass

from shared.media.sandbox.syscalls import ARCHITECTURES, SECCOMP, Condition, allowed_calls, number

# linux/bpf_common.h
_LOAD, _AND, _JUMP_EQUAL, _RETURN = 0x20, 0x54, 0x15, 0x06
# linux/seccomp.h
_KILL_PROCESS, _ERRNO, _ALLOW = 0x80000000, 0x00050000, 0x7FFF0000
_SET_MODE_FILTER, _FLAG_TSYNC = 1, 1
_NUMBER_OFFSET, _ARCHITECTURE_OFFSET = 0, 4
_PR_SET_NO_NEW_PRIVS = 38


class _Instruction(ctypes.Structure):
    """`struct sock_filter`."""

    _fields_ = (
        ("code", ctypes.c_uint16),
        ("jump_true", ctypes.c_uint8),
        ("jump_false", ctypes.c_uint8),
        ("operand", ctypes.c_uint32),
    )


class _Program(ctypes.Structure):
    """`struct sock_fprog`."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.POINTER(_Instruction)))


@dataclass(frozen=True, slots=True)
class _Step:
    """An instruction. Jumps count the instructions that are skipped."""

    code: int
    operand: int
    jump_true: int = 0
    jump_false: int = 0


def restrict_system_calls() -> str:
    """Allows all threads of this process only the calls of `syscalls`; others fail with EPERM.

    Returns:
        "" on success, otherwise why this machine cannot do it: the process goes on without.
    """
    machine = platform.machine()
    if sys.platform != "linux" or machine not in ARCHITECTURES:
        return f"no filter for {sys.platform} on {machine}"
    steps = _build_filter(machine, os.getpid())
    instructions = (_Instruction * len(steps))(
        *(_Instruction(step.code, step.jump_true, step.jump_false, step.operand) for step in steps)
    )
    program = _Program(len(steps), instructions)
    libc = ctypes.CDLL(None, use_errno=True)
    # Without it, a process that is not root may not install a filter.
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        return f"prctl: {os.strerror(ctypes.get_errno())}"
    call = SECCOMP[list(ARCHITECTURES).index(machine)]
    result = libc.syscall(call, _SET_MODE_FILTER, _FLAG_TSYNC, ctypes.byref(program))
    if result > 0:
        # TSYNC returns the id of a thread that cannot take over the filter, and sets no errno.
        return f"seccomp: thread {result} has another filter"
    return f"seccomp: {os.strerror(ctypes.get_errno())}" if result else ""


def _build_filter(machine: str, pid: int) -> list[_Step]:
    """Returns the program. Its input is a `struct seccomp_data`."""
    steps = [
        _Step(_LOAD, _ARCHITECTURE_OFFSET),
        # Numbers mean other calls on another architecture, such as 32-bit x86.
        _Step(_JUMP_EQUAL, ARCHITECTURES[machine], jump_true=1),
        _Step(_RETURN, _KILL_PROCESS),
        _Step(_LOAD, _NUMBER_OFFSET),
        # Reports clone3 as not implemented: the C library then uses clone, which can be checked.
        *_when_called(number("clone3", machine), [_Step(_RETURN, _ERRNO | errno.ENOSYS)]),
    ]
    for name, conditions in allowed_calls(pid).items():
        steps += _when_called(number(name, machine), _allow(conditions))
    return [*steps, _Step(_RETURN, _ERRNO | errno.EPERM)]


def _when_called(call: int, steps: list[_Step]) -> list[_Step]:
    """Returns `steps` behind a test of the number of the call. They must return."""
    return [_Step(_JUMP_EQUAL, call, jump_false=len(steps)), *steps]


def _allow(conditions: tuple[Condition, ...]) -> list[_Step]:
    """Returns the steps that allow a call if its arguments meet all conditions."""
    steps = []
    for condition in conditions:
        steps += [
            _Step(_LOAD, condition.offset),
            _Step(_AND, condition.mask),
            _Step(_JUMP_EQUAL, condition.value, jump_true=1),
            _Step(_RETURN, _ERRNO | errno.EPERM),
        ]
    return [*steps, _Step(_RETURN, _ALLOW)]
