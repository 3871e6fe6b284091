"""Runs one suite: checks ports, starts processes, sets up resources, runs schedules, shuts down."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

from infra.local.setup.tools import Tools
from infra.local.suite import snapshots, wiring
from infra.local.suite.control import ControlServer
from infra.local.suite.layout import HOST, PROJECT, SetupError, SuiteLayout
from infra.local.suite.ports import ephemeral_range, find_free_base, find_taken_ports, is_ephemeral
from infra.local.suite.services import TRACES_FOLDER, Service, all_services
from infra.local.suite.supervisor import Supervisor
from shared.pipeline import FUNCTIONS, Function, ScheduleTrigger

Report = Callable[[str], None]
_GRACE_S = 3.0
"""How long functions may finish their work when a suite stops. Leases cover unfinished work."""


class Suite:
    """The runner. `await Suite(…).run()` returns when the suite has stopped."""

    def __init__(
        self, layout: SuiteLayout, tools: Tools, functions: list[Function], report: Report
    ) -> None:
        self._layout = layout
        self._functions = functions
        self._report = report
        self._services = all_services(layout, tools, functions)
        self._started_at = time.time()
        self._ready = False
        self._stop_requested = asyncio.Event()
        self._supervisor: Supervisor
        self._control: ControlServer

    async def run(self) -> int:
        """Starts the suite and waits until it is stopped. Returns the exit status.

        Raises SetupError when the suite cannot start.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # `nohup` ignores SIGHUP, so that the suite outlives its terminal.
            if number is signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
                continue
            loop.add_signal_handler(number, self._stop_requested.set)
        self._check_ports()
        # Like the logs, traces cover only this run.
        shutil.rmtree(self._layout.folder / TRACES_FOLDER, ignore_errors=True)
        self._supervisor = Supervisor(self._layout.logs, self._report)
        self._supervisor.on_change = self._write_state
        self._supervisor.on_recovered = self._restore_wiring
        self._control = ControlServer(self._layout.port("control"), self._handle_control)
        stop_task = asyncio.ensure_future(self._stop_requested.wait())
        start_task = asyncio.ensure_future(self._start_services())
        schedule_tasks: list[asyncio.Task[None]] = []
        try:
            await asyncio.wait({start_task, stop_task}, return_when=asyncio.FIRST_COMPLETED)
            if not start_task.done():
                return 130
            start_task.result()
            schedule_tasks = [
                asyncio.create_task(self._run_schedule(row)) for row in self._functions
            ]
            fatal: asyncio.Future[str] = self._supervisor.fatal
            fatal.add_done_callback(lambda _: self._stop_requested.set())
            await stop_task
            if fatal.done():
                raise SetupError(fatal.result())
        except BaseExceptionGroup as error:
            raise _first_error(error) from error
        else:
            return 0
        finally:
            for task in (stop_task, start_task, *schedule_tasks):
                task.cancel()
            await asyncio.gather(stop_task, start_task, *schedule_tasks, return_exceptions=True)
            await self._shut_down()

    async def _start_services(self) -> None:
        started_at = time.monotonic()
        for service in self._services:
            self._supervisor.start(service)
        self._write_state()
        async with asyncio.TaskGroup() as group:
            for service in self._services:
                group.create_task(self._report_ready(service))
            group.create_task(self._set_up())
        self._ready = True
        self._write_state()
        duration = f"{time.monotonic() - started_at:.1f} s"
        if any(row.name == "console" for row in self._functions):
            self._report(f"Open {self._layout.url('console')} in a browser.")
            self._report(f"Emails that it sends: {self._layout.url('mails')}")
        self._report(
            f"Ready in {duration}. Logs: ./emulator.sh logs [SERVICE]. Press Ctrl-C to stop."
        )

    async def _report_ready(self, service: Service) -> None:
        duration_s = await self._supervisor.wait_until_ready(service.name)
        self._report(f"  {service.name:<17} {service.address:<24} {duration_s:5.1f} s")

    async def _set_up(self) -> None:
        for name in ("pubsub", "gcs", "auth", "push"):
            await self._supervisor.wait_until_ready(name)
        await self._set_up_pubsub()
        await asyncio.to_thread(wiring.wire_buckets, self._layout)
        await asyncio.to_thread(snapshots.import_auth, self._layout)

    async def _restore_wiring(self, name: str) -> None:
        if name == "pubsub":
            await self._set_up_pubsub()

    async def _set_up_pubsub(self) -> None:
        """Creates topics and subscriptions. Publishers are paused: a topic without a subscription
        drops its messages."""
        with self._supervisor.pause_services(["gcs", *(row.name for row in self._functions)]):
            await asyncio.to_thread(wiring.wire_pubsub, self._layout, self._functions)

    async def _run_schedule(self, function: Function) -> None:
        """Publishes a function's scheduled messages, as Cloud Scheduler does."""
        while isinstance(function.trigger, ScheduleTrigger):
            await asyncio.sleep(function.trigger.every_s)
            with contextlib.suppress(OSError, SetupError):  # Pub/Sub may be restarting
                await asyncio.to_thread(wiring.trigger_schedule, self._layout, function)

    async def _shut_down(self) -> None:
        """Stops the functions, exports Firestore and Auth, then stops the other services."""
        was_ready, self._ready = self._ready, False
        self._write_state()
        support = [name for name in self._supervisor.running if name not in FUNCTIONS]
        if was_ready:
            self._report("Stopping …")
        await self._supervisor.stop([row.name for row in self._functions], _GRACE_S)
        if was_ready and not self._supervisor.fatal.done():
            for export in (snapshots.export_firestore, snapshots.export_auth):
                try:
                    await asyncio.to_thread(export, self._layout)
                except OSError as error:
                    self._report(f"Could not save state ({export.__name__}): {error}")
        await self._supervisor.stop(support, 1.0)
        await self._supervisor.close()
        self._control.close()
        self._layout.state_file.unlink(missing_ok=True)

    def _write_state(self) -> None:
        self._layout.write_state(
            {
                "base": self._layout.base,
                "project": PROJECT,
                "runner_pid": os.getpid(),
                "started_at": self._started_at,
                "ready": self._ready,
                "control": self._layout.url("control"),
                "token": self._control.token,
                "services": self._supervisor.describe_services(),
            }
        )

    def _handle_control(
        self, method: str, path: str, body: dict[str, Any]
    ) -> tuple[int, dict[str, Any]]:
        """Handles a request to the control server."""
        match method, path.strip("/").split("/"):
            case ["GET", ["status"]]:
                return 200, {"ready": self._ready, "services": self._supervisor.describe_services()}
            case ["POST", ["stop"]]:
                self._stop_requested.set()
                return 202, {}
            case ["POST", ["services", name, "restart"]] if name in self._supervisor.running:
                env = {str(key): str(value) for key, value in body.get("env", {}).items()}
                self._supervisor.restart(name, env)
                return 202, {}
        return 404, {"error": f"not found: {method} {path}"}

    def _check_ports(self) -> None:
        ports = [(service.name, service.port) for service in self._services]
        extra_ports = [(name, self._layout.port(name)) for name in ("mails", "control")]
        if taken_ports := find_taken_ports(ports + extra_ports):
            raise SetupError(
                f"Already in use on {HOST}: port {', '.join(map(str, taken_ports))}. Stop the "
                "process that holds it, or set "
                f"MOODREEL_PORT_BASE={find_free_base()} to use free ports."
            )
        if is_ephemeral(self._layout.base):
            first, last = ephemeral_range()
            self._report(
                f"Ports from {self._layout.base} are in the range for outgoing connections "
                f"({first} to {last}). A service whose port is temporarily in use restarts."
            )


def _first_error(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Returns the first error of a group. The others are consequences of it."""
    error = group.exceptions[0]
    return _first_error(error) if isinstance(error, BaseExceptionGroup) else error


@contextlib.contextmanager
def hold_suite_lock(layout: SuiteLayout) -> Iterator[None]:
    """Holds the suite's lock, so that only one runner uses its folder and ports.

    Raises SetupError when another runner holds it.
    """
    layout.folder.mkdir(parents=True, exist_ok=True)
    with (layout.folder / "lock").open("a+") as lock_file:
        try:
            fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock_file.seek(0)
            raise SetupError(
                f"A suite is already running on ports from {layout.base} "
                f"(process {lock_file.read()}). Stop it with ./emulator.sh stop, or set "
                "MOODREEL_PORT_BASE to run a second suite."
            ) from None
        lock_file.truncate(0)
        lock_file.write(str(os.getpid()))
        lock_file.flush()
        yield


def find_runner_pid(layout: SuiteLayout) -> int | None:
    """Returns the process id of the runner that holds the lock, or None."""
    try:
        with (layout.folder / "lock").open("r+") as lock_file:
            try:
                fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                text = lock_file.read().strip()
                return int(text) if text.isdigit() else None
    except FileNotFoundError:
        pass
    return None


def delete_state(layout: SuiteLayout) -> None:
    """Deletes all state and logs of a suite that is not running. The lock file stays."""
    for path in layout.folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != "lock":
            path.unlink()
