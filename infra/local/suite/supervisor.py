"""Starts processes, waits until they are ready, restarts them when they die, and stops them."""

from __future__ import annotations

import asyncio
import contextlib
import re
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from infra.local.suite.layout import ROOT, SetupError
from infra.local.suite.processes import (
    RunningService,
    describe_exit,
    is_answering,
    kill_group,
)
from infra.local.suite.services import Service

_POLL_S = 0.05
_STABLE_UPTIME_S = 5.0
"""A process that ran at least this long is restarted at once. Others get a growing backoff."""
_MAX_BACKOFF_S = 15.0
_WORKER_DIED = re.compile(rb"Worker \(pid:(\d+)\) (was sent SIG\w+|exited with code \d+)")
"""gunicorn's log lines about a dead worker."""
_PORT_TAKEN = re.compile("address already in use|eaddrinuse|connection in use", re.IGNORECASE)
"""An outgoing connection may use the port temporarily, although it was free before."""


class Supervisor:
    """The processes of one suite. Each leads its own process group, which is stopped as a whole."""

    def __init__(self, logs: Path, report: Callable[[str], None]) -> None:
        self._logs = logs
        self._report = report
        self._stopping = False
        self._watch_tasks: list[asyncio.Task[None]] = []
        self.running: dict[str, RunningService] = {}
        self.fatal: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        """Resolves to a message when a service has died that cannot be restarted."""
        self.on_change: Callable[[], None] = lambda: None
        """Called after every start, restart and exit."""
        self.on_recovered: Callable[[str], Awaitable[None]] | None = None
        """Awaited with the name of a service that is ready again after a restart."""
        logs.mkdir(parents=True, exist_ok=True)
        self._reaper = subprocess.Popen(
            [sys.executable, "-m", "infra.local.suite.reaper"],
            stdin=subprocess.PIPE,
            cwd=ROOT,
            start_new_session=True,
            text=True,
        )

    def start(self, service: Service) -> None:
        """Starts a service with an empty log, and restarts it when it dies."""
        log = self._logs / f"{service.name}.log"
        log.write_bytes(b"")
        self.running[service.name] = RunningService(
            service, log, self._spawn(service, log, service.env)
        )
        self._watch_tasks.append(asyncio.create_task(self._watch(self.running[service.name])))

    async def wait_until_ready(self, name: str, timeout_s: float = 300) -> float:
        """Waits until a service is ready. Returns the seconds since its start.

        Raises SetupError with the end of its log.
        """
        running = self.running[name]
        started_at = running.started_at
        while running.process.poll() is not None or not await asyncio.to_thread(
            is_answering, running.service
        ):
            if running.failed:
                raise SetupError(f"{name} exited while starting.\n{read_log_tail(running.log)}")
            if time.monotonic() - started_at > timeout_s:
                raise SetupError(
                    f"{name} is not ready after {timeout_s:.0f} s.\n{read_log_tail(running.log)}"
                )
            await asyncio.sleep(_POLL_S)
        running.ready = True
        self.on_change()
        return time.monotonic() - started_at

    def restart(self, name: str, env: Mapping[str, str]) -> None:
        """Restarts a service now, with `env` added to its own variables."""
        running = self.running[name]
        running.restart_env = dict(env)
        kill_group(running.process.pid, signal.SIGKILL)

    @contextlib.contextmanager
    def pause_services(self, names: Iterable[str]) -> Iterator[None]:
        """Suspends these services and their workers inside the block."""
        groups = [self.running[name].process.pid for name in names if name in self.running]
        try:
            for group in groups:
                kill_group(group, signal.SIGSTOP)
            yield
        finally:
            for group in groups:
                kill_group(group, signal.SIGCONT)

    def describe_services(self) -> dict[str, dict[str, Any]]:
        """Returns the services for the state file."""
        return {
            name: {
                "pid": service.process.pid,
                "port": service.service.port,
                "url": service.service.address,
                "log": str(service.log),
                "ready": service.ready,
                "restarts": service.restart_count,
            }
            for name, service in self.running.items()
        }

    async def stop(self, names: list[str], grace_s: float) -> None:
        """Stops services together: SIGTERM first, SIGKILL after `grace_s`."""
        self._stopping = True
        processes = [self.running[name].process for name in names if name in self.running]
        for process in processes:
            kill_group(process.pid, signal.SIGTERM)
        deadline = time.monotonic() + grace_s
        while any(process.poll() is None for process in processes) and time.monotonic() < deadline:
            await asyncio.sleep(_POLL_S)
        for process in processes:
            kill_group(process.pid, signal.SIGKILL)
            await asyncio.to_thread(process.wait)
            self._notify_reaper(f"-{process.pid}")

    async def close(self) -> None:
        """Kills the remaining services and ends the reaper."""
        self._stopping = True
        for task in self._watch_tasks:
            task.cancel()
        await self.stop(list(self.running), 0)
        if self._reaper.stdin:
            self._reaper.stdin.close()
        await asyncio.to_thread(self._reaper.wait)

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
        self._notify_reaper(f"+{process.pid}")
        return process

    def _notify_reaper(self, line: str) -> None:
        if self._reaper.stdin:
            with contextlib.suppress(BrokenPipeError, ValueError):
                self._reaper.stdin.write(line + "\n")
                self._reaper.stdin.flush()

    async def _watch(self, running: RunningService) -> None:
        name = running.service.name
        while True:
            while running.process.poll() is None:
                await asyncio.sleep(_POLL_S)
                self._check_workers(running)
            was_ready, running.ready = running.ready, False
            # Workers outlive a killed master for up to 30 s and hold its port.
            kill_group(running.process.pid, signal.SIGKILL)
            self._notify_reaper(f"-{running.process.pid}")
            if self._stopping:
                return
            if was_ready and running.service.keeps_state:
                if not self.fatal.done():
                    self.fatal.set_result(
                        f"{name} {describe_exit(running.process)}; its state is lost."
                    )
                return
            first_start = not was_ready and (
                running.restart_count == 0 or running.service.keeps_state
            )
            if first_start and not _PORT_TAKEN.search(read_log_tail(running.log)):
                running.failed = True  # wait_until_ready() reports it
                return
            env, running.restart_env = running.restart_env, None
            await self._respawn(running, env)

    def _check_workers(self, running: RunningService) -> None:
        """Reports dead workers. Their master has already replaced them."""
        try:
            size = running.log.stat().st_size
            if size <= running.log_read_bytes:
                return
            with running.log.open("rb") as log:
                log.seek(running.log_read_bytes)
                new_output = log.read(size - running.log_read_bytes)
        except FileNotFoundError:
            return  # the user deleted the log
        running.log_read_bytes = size
        for match in _WORKER_DIED.finditer(new_output):
            running.restart_count += 1
            pid, cause = (group.decode() for group in match.groups())
            self._report(
                f"{running.service.name}: worker {pid} {cause}; gunicorn started a new one."
            )
            self.on_change()

    async def _respawn(self, running: RunningService, env: dict[str, str] | None) -> None:
        uptime_s = time.monotonic() - running.started_at
        early = env is None and uptime_s <= _STABLE_UPTIME_S
        count = running.early_exit_count = running.early_exit_count + 1 if early else 0
        wait_s = min(_MAX_BACKOFF_S, 2.0 ** (count - 1)) if count > 1 else 0
        delay = f" in {wait_s:.0f} s" if wait_s else ""
        service = running.service
        self._report(f"{service.name} {describe_exit(running.process)}; restarting it{delay}.")
        self.on_change()
        await asyncio.sleep(wait_s)
        if self._stopping:
            return
        running.restart_count += 1
        running.process = self._spawn(service, running.log, {**service.env, **(env or {})})
        running.started_at = time.monotonic()
        self.on_change()
        while running.process.poll() is None:
            if await asyncio.to_thread(is_answering, running.service):
                if self.on_recovered:
                    await self.on_recovered(running.service.name)
                running.ready = True
                elapsed = _format_elapsed(running.started_at)
                self._report(f"{running.service.name} is ready again ({elapsed}).")
                self.on_change()
                return
            await asyncio.sleep(_POLL_S)


def read_log_tail(log: Path, lines: int = 15) -> str:
    """Returns the last lines of a log, indented."""
    tail = log.read_text(errors="replace").rstrip().splitlines()[-lines:]
    return "\n".join(f"    {line}" for line in tail) or "    (its log is empty)"


def _format_elapsed(moment: float) -> str:
    return f"{time.monotonic() - moment:.1f} s"
