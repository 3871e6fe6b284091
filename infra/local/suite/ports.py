"""Which ports are free, who holds those that are not, and a block of free ones."""

from __future__ import annotations

import random
import shutil
import socket
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from infra.local.suite.layout import HOST, PORTS_PER_SUITE, SetupError

_LISTEN = "0A"
"""The state of a listening socket in /proc/net/tcp (include/net/tcp_states.h)."""
_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_LOWEST, _HIGHEST = 10_000, 65_535


@dataclass(frozen=True)
class TakenPort:
    """A port that a service needs and that somebody else holds."""

    service: str
    port: int
    holder: str
    """Such as "process 4711 (postgres)"; "" where the system does not tell."""

    def __str__(self) -> str:
        return f"{self.port} (needed by {self.service}, held by {self.holder or 'unknown'})"


def find_taken_ports(ports: Iterable[tuple[str, int]]) -> list[TakenPort]:
    """Returns those of the (service, port) pairs whose port is not free, with their holders."""
    return [
        TakenPort(name, port, describe_holder(port)) for name, port in ports if not is_free(port)
    ]


def is_free(port: int) -> bool:
    """Whether a server could listen on the port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def ephemeral_range() -> tuple[int, int]:
    """Returns the first and last port that the system uses for outgoing connections.

    Any of them may be taken for a while by any program's connection, between two looks at it.
    """
    try:
        first, last = map(int, _RANGE.read_text().split())
    except (OSError, ValueError):
        return 49_152, 65_535  # RFC 6335, section 6: what macOS and most others use
    return first, last


def is_ephemeral(base: int) -> bool:
    """Whether a port of the block from `base` on may serve an outgoing connection."""
    first, last = ephemeral_range()
    return base <= last and base + PORTS_PER_SUITE > first


def find_free_base() -> int:
    """Returns a port base whose block is free, outside the ephemeral range where there is room.

    Raises:
        SetupError: no block is free.
    """
    bases = range(_LOWEST, _HIGHEST - PORTS_PER_SUITE, PORTS_PER_SUITE)
    steady = [base for base in bases if not is_ephemeral(base)]
    # At random: two callers at the same time should find different blocks.
    for base in (*_shuffled(steady), *_shuffled(bases)):
        if all(is_free(base + offset) for offset in range(PORTS_PER_SUITE)):
            return base
    raise SetupError(
        f"There is no block of {PORTS_PER_SUITE} free ports from {_LOWEST} to {_HIGHEST}."
    )


def _shuffled(bases: Iterable[int]) -> list[int]:
    mixed = list(bases)
    random.shuffle(mixed)
    return mixed


def describe_holder(port: int) -> str:
    """Returns the process or the connection that holds a port, "" when that cannot be seen."""
    if not Path("/proc/net/tcp").exists():
        return _holder_by_lsof(port)
    for state, inode in _sockets_at(port):
        name = _process_with(inode)
        if state != _LISTEN:
            return f"a connection of {name}" if name else "a connection"
        if name:
            return name
    return ""


def _sockets_at(port: int) -> list[tuple[str, str]]:
    """(state, inode) of every TCP socket with this local port, listening ones first."""
    found = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            rows = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            cells = row.split()
            if int(cells[1].rpartition(":")[2], 16) == port:
                found.append((cells[3], cells[9]))
    return sorted(found, key=lambda one: one[0] != _LISTEN)


def _process_with(inode: str) -> str:
    """The process that has the socket open, as far as this user may look."""
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if str(link.readlink()) == f"socket:[{inode}]":
                process = link.parent.parent
                return f"process {process.name} ({(process / 'comm').read_text().strip()})"
        except OSError:
            continue  # another user's process, or one that has just ended
    return ""


def _holder_by_lsof(port: int) -> str:
    lsof = shutil.which("lsof")
    if lsof is None:
        return ""
    command = [lsof, "-nP", f"-iTCP:{port}", "-Fpc"]
    listed = subprocess.run(command, capture_output=True, text=True, check=False)
    fields = {line[0]: line[1:] for line in reversed(listed.stdout.splitlines()) if line}
    return f"process {fields['p']} ({fields.get('c', '?')})" if "p" in fields else ""
