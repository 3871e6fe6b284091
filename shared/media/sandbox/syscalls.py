"""The system calls that a sandbox process may make, with their numbers on x86-64 and ARM64.

Numbers are from Linux's `arch/x86/entry/syscalls/syscall_64.tbl` and
`include/uapi/asm-generic/unistd.h`; they never change.
"""

from __future__ import annotations

from dataclasses import dataclass

ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""AUDIT_ARCH_* of `linux/audit.h` by machine, in the order of the numbers below."""

_NUMBERS: dict[str, tuple[int, int]] = {
    # Pipes that are open: no other file can be opened.
    "read": (0, 63),
    "readv": (19, 65),
    "write": (1, 64),
    "writev": (20, 66),
    "close": (3, 57),
    "lseek": (8, 62),
    # Memory.
    "brk": (12, 214),
    "madvise": (28, 233),
    "mmap": (9, 222),
    "mprotect": (10, 226),
    "mremap": (25, 216),
    "munmap": (11, 215),
    # Threads of this process, which decoders and encoders start.
    "clone": (56, 220),
    "clone3": (435, 435),
    "exit": (60, 93),
    "exit_group": (231, 94),
    "futex": (202, 98),
    "getpid": (39, 172),
    "gettid": (186, 178),
    "membarrier": (324, 283),
    "rseq": (334, 293),
    "sched_getaffinity": (204, 123),
    "sched_yield": (24, 124),
    "set_robust_list": (273, 99),
    # Signals of this process.
    "restart_syscall": (219, 128),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sigaltstack": (131, 132),
    "tgkill": (234, 131),
    # Time, limits, randomness.
    "clock_getres": (229, 114),
    "clock_gettime": (228, 113),
    "clock_nanosleep": (230, 115),
    "getcpu": (309, 168),
    "getrandom": (318, 278),
    "getrusage": (98, 165),
    "gettimeofday": (96, 169),
    "nanosleep": (35, 101),
    "prlimit64": (302, 261),
    "sysinfo": (99, 179),
}

SECCOMP = (317, 277)
"""The number of seccomp(2) itself."""
CLONE_THREAD = 0x10000
PROT_EXEC = 4
_ALL_BITS = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition on an argument: its 32-bit word at `offset` in `struct seccomp_data`, masked with
    `mask`, is `value`."""

    offset: int
    mask: int
    value: int


def number(name: str, machine: str) -> int:
    """Returns the number of a system call on a machine of ARCHITECTURES."""
    return _NUMBERS[name][list(ARCHITECTURES).index(machine)]


def allowed_calls(pid: int) -> dict[str, tuple[Condition, ...]]:
    """Returns the allowed calls with the conditions on their arguments.

    Args:
        pid: The process, the only one to which it may send signals (`abort` does).
    """
    conditions: dict[str, tuple[Condition, ...]] = {
        "clone": (Condition(_argument(0), CLONE_THREAD, CLONE_THREAD),),
        "mmap": (Condition(_argument(2), PROT_EXEC, 0),),
        "mprotect": (Condition(_argument(2), PROT_EXEC, 0),),
        "tgkill": (Condition(_argument(0), _ALL_BITS, pid),),
        # It may read its limits: the pointer to new ones is null.
        "prlimit64": (
            Condition(_argument(2), _ALL_BITS, 0),
            Condition(_argument(2) + 4, _ALL_BITS, 0),
        ),
    }
    # The flags of clone3 are in memory that a filter cannot read; see `syscall_filter`.
    return {name: conditions.get(name, ()) for name in _NUMBERS if name != "clone3"}


def _argument(index: int) -> int:
    """Returns the offset of the low word of an argument; both machines are little-endian."""
    return 16 + 8 * index
