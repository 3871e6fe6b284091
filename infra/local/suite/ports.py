"""Checks which ports are free, finds the holders of taken ports, and picks a free block."""

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
_EPHEMERAL_RANGE_FILE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_MIN_PORT, _MAX_PORT = 10_000, 65_535


@dataclass(frozen=True)
class TakenPort:
    """A port that a service needs and that another process holds."""

    service: str
    port: int
    holder: str
    """Such as "process 4711 (postgres)", or "" when it is unknown."""

    def __str__(self) -> str:
        return (
            f"{self.port} (needed by {self.service}, held by {self.holder or 'an unknown process'})"
        )


def find_taken_ports(ports: Iterable[tuple[str, int]]) -> list[TakenPort]:
    """Returns the (service, port) pairs whose port is not free, with their holders."""
    return [
        TakenPort(name, port, describe_holder(port)) for name, port in ports if not is_free(port)
    ]


def is_free(port: int) -> bool:
    """Whether a server can listen on the port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def ephemeral_range() -> tuple[int, int]:
    """Returns the first and last port that the system uses for outgoing connections.

    Any of them may be used temporarily by any program's connection.
    """
    try:
        first, last = map(int, _EPHEMERAL_RANGE_FILE.read_text().split())
    except (OSError, ValueError):
        return 49_152, 65_535  # RFC 6335, section 6: the range of macOS and most other systems
    return first, last


def is_ephemeral(base: int) -> bool:
    """Whether a port of the block from `base` on is in the ephemeral range."""
    first, last = ephemeral_range()
    return base <= last and base + PORTS_PER_SUITE > first


def find_free_base() -> int:
    """Returns a port base whose block is free, preferably outside the ephemeral range.

    Raises:
        SetupError: No block is free.
    """
    bases = range(_MIN_PORT, _MAX_PORT - PORTS_PER_SUITE, PORTS_PER_SUITE)
    preferred = [base for base in bases if not is_ephemeral(base)]
    # Random order, so that two callers at the same time find different blocks.
    for base in (*_shuffled(preferred), *_shuffled(bases)):
        if all(is_free(base + offset) for offset in range(PORTS_PER_SUITE)):
            return base
    raise SetupError(
        f"There is no block of {PORTS_PER_SUITE} free ports between {_MIN_PORT} and {_MAX_PORT}."
    )


def _shuffled(bases: Iterable[int]) -> list[int]:
    shuffled = list(bases)
    random.shuffle(shuffled)
    return shuffled


def describe_holder(port: int) -> str:
    """Returns the process or the connection that holds a port, or "" when it is unknown."""
    if not Path("/proc/net/tcp").exists():
        return _find_holder_with_lsof(port)
    for state, inode in _list_sockets(port):
        name = _find_process(inode)
        if state != _LISTEN:
            return f"a connection of {name}" if name else "a connection"
        if name:
            return name
    return ""


def _list_sockets(port: int) -> list[tuple[str, str]]:
    """Returns (state, inode) of every TCP socket with this local port, listening sockets first."""
    sockets = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            rows = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            columns = row.split()
            if int(columns[1].rpartition(":")[2], 16) == port:
                sockets.append((columns[3], columns[9]))
    return sorted(sockets, key=lambda socket_row: socket_row[0] != _LISTEN)


def _find_process(inode: str) -> str:
    """Returns the process that has the socket open, or "" when this user cannot see it."""
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if str(link.readlink()) == f"socket:[{inode}]":
                process = link.parent.parent
                return f"process {process.name} ({(process / 'comm').read_text().strip()})"
        except OSError:
            continue  # another user's process, or a process that has just ended
    return ""


def _find_holder_with_lsof(port: int) -> str:
    lsof = shutil.which("lsof")
    if lsof is None:
        return ""
    command = [lsof, "-nP", f"-iTCP:{port}", "-Fpc"]
    completed = subprocess.run(command, capture_output=True, text=True, check=False)
    fields = {line[0]: line[1:] for line in reversed(completed.stdout.splitlines()) if line}
    return f"process {fields['p']} ({fields.get('c', '?')})" if "p" in fields else ""
