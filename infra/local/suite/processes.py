"""A running service: its process, its health check, and signals to its process group."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from infra.local.client.http import connect, is_reachable
from infra.local.suite.layout import HOST
from infra.local.suite.services import Service


@dataclass
class RunningService:
    """A service and its current process."""

    service: Service
    log: Path
    process: subprocess.Popen[bytes]
    started_at: float = field(default_factory=time.monotonic)
    restart_count: int = 0
    ready: bool = False
    early_exit_count: int = 0
    log_read_bytes: int = 0
    failed: bool = False
    """Whether it exited before it was ready. It is not restarted then."""
    restart_env: dict[str, str] | None = None
    """Set when a restart was requested: variables added to the service's own."""


def kill_group(group: int, number: signal.Signals) -> None:
    """Sends a signal to a process group, if it exists."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def is_answering(service: Service) -> bool:
    """Whether the health check of a service succeeds."""
    if service.probe != "smtp":
        return is_reachable(service.probe)
    try:
        with connect((HOST, service.port), 1) as connection:
            return connection.recv(4).startswith(b"220 ")
    except OSError:
        return False


def describe_exit(process: subprocess.Popen[bytes]) -> str:
    """Returns how a process ended, such as "was killed by SIGKILL"."""
    code = process.returncode
    if code is not None and code < 0:
        return f"was killed by {signal.Signals(-code).name}"
    return f"exited with status {code}"
