"""Starts processes, waits until they answer, starts them again when they die, ends them all."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from infra.local.suite.http import connect, is_reachable
from infra.local.suite.layout import HOST, ROOT, SetupError
from infra.local.suite.services import Service

_POLL_S = 0.05
_SETTLED_S = 5.0
"""Who lived this long is started again at once; who dies sooner waits longer every time."""
_LONGEST_WAIT_S = 15.0
_WORKER_DIED = re.compile(rb"Worker \(pid:(\d+)\) (was sent SIG\w+|exited with code \d+)")
"""How gunicorn tells it."""


_PORT_TAKEN = re.compile("address already in use|eaddrinuse|connection in use", re.IGNORECASE)
"""A port that was free a moment ago may serve somebody's outgoing connection for a while."""


@dataclass
class RunningService:
    """A service and its process of the moment."""

    service: Service
    log: Path
    process: subprocess.Popen[bytes]
    started_at: float = field(default_factory=time.monotonic)
    restart_count: int = 0
    ready: bool = False
    early_exit_count: int = 0
    log_read_bytes: int = 0
    failed: bool = False
    """It ended before it ever answered, and is not started again."""
    restart_env: dict[str, str] | None = None
    """Set when a restart was asked for: variables on top of the service's own."""


class Supervisor:
    """All processes of one suite. Each is a group of its own, so that its children end with it."""

    def __init__(self, logs: Path, report: Callable[[str], None]) -> None:
        self._logs = logs
        self._say = report
        self._stopping = False
        self._tending: list[asyncio.Task[None]] = []
        self.running: dict[str, RunningService] = {}
        self.fatal: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        """Gets a sentence when a service died that cannot be started again."""
        self.changed: Callable[[], None] = lambda: None
        """Called after every start, restart and death."""
        self.revived: Callable[[str], Awaitable[None]] | None = None
        """Awaited with the name of a service that answers again after a restart."""
        logs.mkdir(parents=True, exist_ok=True)
        self._watchdog = subprocess.Popen(
            [sys.executable, "-m", "infra.local.suite.reaper"],
            stdin=subprocess.PIPE,
            cwd=ROOT,
            start_new_session=True,
            text=True,
        )

    def start(self, service: Service) -> None:
        """Start one service with an empty log; it is tended from now on."""
        log = self._logs / f"{service.name}.log"
        log.write_bytes(b"")
        self.running[service.name] = RunningService(
            service, log, self._spawn(service, log, service.env)
        )
        self._tending.append(asyncio.create_task(self._tend(self.running[service.name])))

    async def wait_until_ready(self, name: str, timeout_s: float = 300) -> float:
        """Wait until it answers; returns the seconds it took. Raises SetupError with its log."""
        one = self.running[name]
        began = one.started_at
        while one.process.poll() is not None or not await asyncio.to_thread(_answers, one.service):
            if one.failed:
                raise SetupError(f"{name} ended while starting.\n{read_log_tail(one.log)}")
            if time.monotonic() - began > timeout_s:
                raise SetupError(
                    f"{name} does not answer after {timeout_s:.0f} s.\n{read_log_tail(one.log)}"
                )
            await asyncio.sleep(_POLL_S)
        one.ready = True
        self.changed()
        return time.monotonic() - began

    def restart(self, name: str, env: Mapping[str, str]) -> None:
        """End a service now; it comes back with `env` on top of its own variables."""
        one = self.running[name]
        one.restart_env = dict(env)
        kill_group(one.process.pid, signal.SIGKILL)

    @contextlib.contextmanager
    def pause_services(self, names: Iterable[str]) -> Iterator[None]:
        """Inside the block these services stand still, with all their workers."""
        groups = [self.running[name].process.pid for name in names if name in self.running]
        try:
            for group in groups:
                kill_group(group, signal.SIGSTOP)
            yield
        finally:
            for group in groups:
                kill_group(group, signal.SIGCONT)

    def describe_services(self) -> dict[str, dict[str, Any]]:
        """What runs, for the state file."""
        return {
            name: {
                "pid": one.process.pid,
                "port": one.service.port,
                "url": one.service.address,
                "log": str(one.log),
                "ready": one.ready,
                "restarts": one.restart_count,
            }
            for name, one in self.running.items()
        }

    async def stop(self, names: list[str], grace_s: float) -> None:
        """End these (all groups at once): asked politely, then after `grace_s` not."""
        self._stopping = True
        groups = [self.running[name].process for name in names if name in self.running]
        for process in groups:
            kill_group(process.pid, signal.SIGTERM)
        limit = time.monotonic() + grace_s
        while any(p.poll() is None for p in groups) and time.monotonic() < limit:
            await asyncio.sleep(_POLL_S)
        for process in groups:
            kill_group(process.pid, signal.SIGKILL)
            await asyncio.to_thread(process.wait)
            self._tell_watchdog(f"-{process.pid}")

    async def close(self) -> None:
        """End whatever is left, and the watchdog."""
        self._stopping = True
        for task in self._tending:
            task.cancel()
        await self.stop(list(self.running), 0)
        if self._watchdog.stdin:
            self._watchdog.stdin.close()
        await asyncio.to_thread(self._watchdog.wait)

    def _spawn(
        self, service: Service, log: Path, env: Mapping[str, str]
    ) -> subprocess.Popen[bytes]:
        with log.open("ab") as out:
            process = subprocess.Popen(
                service.argv,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd=self._logs.parent,
                env=env,
                start_new_session=True,
            )
        self._tell_watchdog(f"+{process.pid}")
        return process

    def _tell_watchdog(self, line: str) -> None:
        if self._watchdog.stdin:
            with contextlib.suppress(BrokenPipeError, ValueError):
                self._watchdog.stdin.write(line + "\n")
                self._watchdog.stdin.flush()

    async def _tend(self, one: RunningService) -> None:
        name = one.service.name
        while True:
            while one.process.poll() is None:
                await asyncio.sleep(_POLL_S)
                self._mind_workers(one)
            was_ready, one.ready = one.ready, False
            # Workers outlive a killed master for up to half a minute and hold its port.
            kill_group(one.process.pid, signal.SIGKILL)
            self._tell_watchdog(f"-{one.process.pid}")
            if self._stopping:
                return
            if was_ready and one.service.keeps_state:
                if not self.fatal.done():
                    self.fatal.set_result(f"{name} {_how(one.process)}; its state is lost.")
                return
            first_start = not was_ready and (one.restart_count == 0 or one.service.keeps_state)
            if first_start and not _PORT_TAKEN.search(read_log_tail(one.log)):
                one.failed = True  # ready() reports it
                return
            env, one.restart_env = one.restart_env, None
            await self._again(one, env)

    def _mind_workers(self, one: RunningService) -> None:
        """Say when a worker died: its master has started another one by itself by then."""
        try:
            size = one.log.stat().st_size
            if size <= one.log_read_bytes:
                return
            with one.log.open("rb") as log:
                log.seek(one.log_read_bytes)
                fresh = log.read(size - one.log_read_bytes)
        except FileNotFoundError:
            return  # somebody tidied up; the service itself is well
        one.log_read_bytes = size
        for found in _WORKER_DIED.finditer(fresh):
            one.restart_count += 1
            pid, cause = (part.decode() for part in found.groups())
            self._say(f"{one.service.name}: worker {pid} {cause}; gunicorn started another one.")
            self.changed()

    async def _again(self, one: RunningService, env: dict[str, str] | None) -> None:
        lived_s = time.monotonic() - one.started_at
        one.early_exit_count = (
            0 if env is not None or lived_s > _SETTLED_S else one.early_exit_count + 1
        )
        wait_s = (
            min(_LONGEST_WAIT_S, 2.0 ** (one.early_exit_count - 1))
            if one.early_exit_count > 1
            else 0
        )
        later = f" in {wait_s:.0f} s" if wait_s else ""
        self._say(f"{one.service.name} {_how(one.process)}; starting it again{later}.")
        self.changed()
        await asyncio.sleep(wait_s)
        if self._stopping:
            return
        one.restart_count += 1
        one.process = self._spawn(one.service, one.log, {**one.service.env, **(env or {})})
        one.started_at = time.monotonic()
        self.changed()
        while one.process.poll() is None:
            if await asyncio.to_thread(_answers, one.service):
                if self.revived:
                    await self.revived(one.service.name)
                one.ready = True
                self._say(f"{one.service.name} answers again ({_since(one.started_at)}).")
                self.changed()
                return
            await asyncio.sleep(_POLL_S)


def kill_group(group: int, number: signal.Signals) -> None:
    """Signal a whole process group, if it still exists."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def read_log_tail(log: Path, lines: int = 15) -> str:
    """The end of a log, indented."""
    told = log.read_text(errors="replace").rstrip().splitlines()[-lines:]
    return "\n".join(f"    {line}" for line in told) or "    (its log is empty)"


def _answers(service: Service) -> bool:
    if service.probe != "smtp":
        return is_reachable(service.probe)
    try:
        with connect((HOST, service.port), 1) as connection:
            return connection.recv(4).startswith(b"220 ")
    except OSError:
        return False


def _how(process: subprocess.Popen[bytes]) -> str:
    code = process.returncode
    if code is not None and code < 0:
        return f"was killed by {signal.Signals(-code).name}"
    return f"ended with status {code}"


def _since(moment: float) -> str:
    return f"{time.monotonic() - moment:.1f} s"
