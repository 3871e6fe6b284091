"""One suite from start to end: ports, processes, wiring, schedule, state, and a clean end."""

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
"""How long functions may finish what they do when a suite ends; leases cover the rest."""


class Suite:
    """The runner. `await Suite(…).run()` returns when the suite has ended."""

    def __init__(
        self, layout: SuiteLayout, tools: Tools, functions: list[Function], report: Report
    ) -> None:
        self._place = layout
        self._rows = functions
        self._say = report
        self._services = all_services(layout, tools, functions)
        self._began = time.time()
        self._ready = False
        self._end = asyncio.Event()
        self._supervisor: Supervisor
        self._control: ControlServer

    async def run(self) -> int:
        """Start, serve, end; the exit status. Raises SetupError when it could not start."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # `nohup` ignores SIGHUP for us: such a suite outlives its terminal.
            if number is signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
                continue
            loop.add_signal_handler(number, self._end.set)
        self._check_ports()
        # As with the logs: they tell of this run.
        shutil.rmtree(self._place.folder / TRACES_FOLDER, ignore_errors=True)
        self._supervisor = Supervisor(self._place.logs, self._say)
        self._supervisor.changed = self._tell
        self._supervisor.revived = self._rewire
        self._control = ControlServer(self._place.port("control"), self._asked)
        ending = asyncio.ensure_future(self._end.wait())
        starting = asyncio.ensure_future(self._start())
        ticking: list[asyncio.Task[None]] = []
        try:
            await asyncio.wait({starting, ending}, return_when=asyncio.FIRST_COMPLETED)
            if not starting.done():
                return 130
            starting.result()
            ticking = [asyncio.create_task(self._tick(row)) for row in self._rows]
            fatal: asyncio.Future[str] = self._supervisor.fatal
            fatal.add_done_callback(lambda _: self._end.set())
            await ending
            if fatal.done():
                raise SetupError(fatal.result())
        except BaseExceptionGroup as several:
            raise _first_of(several) from several
        else:
            return 0
        finally:
            for task in (ending, starting, *ticking):
                task.cancel()
            await asyncio.gather(ending, starting, *ticking, return_exceptions=True)
            await self._close()

    async def _start(self) -> None:
        begin = time.monotonic()
        for service in self._services:
            self._supervisor.start(service)
        self._tell()
        async with asyncio.TaskGroup() as group:
            for service in self._services:
                group.create_task(self._announce(service))
            group.create_task(self._wire())
        self._ready = True
        self._tell()
        took = f"{time.monotonic() - begin:.1f} s"
        if any(row.name == "console" for row in self._rows):
            self._say(f"Open {self._place.url('console')} in a browser.")
        self._say(f"Ready in {took}. Logs: ./emulator.sh logs [SERVICE]. Ctrl-C ends everything.")

    async def _announce(self, service: Service) -> None:
        took_s = await self._supervisor.wait_until_ready(service.name)
        self._say(f"  {service.name:<17} {service.address:<24} {took_s:5.1f} s")

    async def _wire(self) -> None:
        for name in ("pubsub", "gcs", "auth", "push"):
            await self._supervisor.wait_until_ready(name)
        await self._wire_pubsub()
        await asyncio.to_thread(wiring.wire_buckets, self._place)
        await asyncio.to_thread(snapshots.import_auth, self._place)

    async def _rewire(self, name: str) -> None:
        if name == "pubsub":
            await self._wire_pubsub()

    async def _wire_pubsub(self) -> None:
        """Whoever could publish rests meanwhile: a topic without a subscription keeps nothing."""
        with self._supervisor.pause_services(["gcs", *(row.name for row in self._rows)]):
            await asyncio.to_thread(wiring.wire_pubsub, self._place, self._rows)

    async def _tick(self, function: Function) -> None:
        """Cloud Scheduler's part: a message on the row's topic every so often."""
        while isinstance(function.trigger, ScheduleTrigger):
            await asyncio.sleep(function.trigger.every_s)
            with contextlib.suppress(OSError, SetupError):  # Pub/Sub may be starting again
                await asyncio.to_thread(wiring.trigger_schedule, self._place, function)

    async def _close(self) -> None:
        """Functions first, then what they wrote to is saved, then the rest."""
        was_ready, self._ready = self._ready, False
        self._tell()
        support = [name for name in self._supervisor.running if name not in FUNCTIONS]
        if was_ready:
            self._say("Ending …")
        await self._supervisor.stop([row.name for row in self._rows], _GRACE_S)
        if was_ready and not self._supervisor.fatal.done():
            for export in (snapshots.export_firestore, snapshots.export_auth):
                try:
                    await asyncio.to_thread(export, self._place)
                except OSError as lost:
                    self._say(f"Not kept: {export.__name__}: {lost}")
        await self._supervisor.stop(support, 1.0)
        await self._supervisor.close()
        self._control.close()
        self._place.state_file.unlink(missing_ok=True)

    def _tell(self) -> None:
        self._place.write_state(
            {
                "base": self._place.base,
                "project": PROJECT,
                "runner_pid": os.getpid(),
                "started_at": self._began,
                "ready": self._ready,
                "control": self._place.url("control"),
                "token": self._control.token,
                "services": self._supervisor.describe_services(),
            }
        )

    def _asked(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """What the control door is for."""
        match method, path.strip("/").split("/"):
            case ["GET", ["status"]]:
                return 200, {"ready": self._ready, "services": self._supervisor.describe_services()}
            case ["POST", ["stop"]]:
                self._end.set()
                return 202, {}
            case ["POST", ["services", name, "restart"]] if name in self._supervisor.running:
                env = {str(key): str(value) for key, value in body.get("env", {}).items()}
                self._supervisor.restart(name, env)
                return 202, {}
        return 404, {"error": f"nothing here: {method} {path}"}

    def _check_ports(self) -> None:
        wanted = [(service.name, service.port) for service in self._services]
        extra = [(name, self._place.port(name)) for name in ("mails", "control")]
        if busy := find_taken_ports(wanted + extra):
            raise SetupError(
                f"Already in use on {HOST}: port {', '.join(map(str, busy))}. End what holds it, "
                f"or choose another block of ports: MOODREEL_PORT_BASE={find_free_base()} is free."
            )
        if is_ephemeral(self._place.base):
            first, last = ephemeral_range()
            self._say(
                f"Ports from {self._place.base} lie in the range of outgoing connections "
                f"({first} to {last}): a service whose port is in use meanwhile starts again."
            )


def _first_of(several: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first cause in a group: a service that fails makes its neighbours fail with it."""
    first = several.exceptions[0]
    return _first_of(first) if isinstance(first, BaseExceptionGroup) else first


@contextlib.contextmanager
def hold_suite_lock(layout: SuiteLayout) -> Iterator[None]:
    """Hold the suite's lock, so that only one runner works on its folder and ports."""
    layout.folder.mkdir(parents=True, exist_ok=True)
    with (layout.folder / "lock").open("a+") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.seek(0)
            raise SetupError(
                f"A suite is already up on ports from {layout.base} (process {handle.read()}). "
                "End it with ./emulator.sh stop, or set MOODREEL_PORT_BASE to run a second one."
            ) from None
        handle.truncate(0)
        handle.write(str(os.getpid()))
        handle.flush()
        yield


def find_runner_pid(layout: SuiteLayout) -> int | None:
    """The process id of the runner that holds the lock, or None when nobody does."""
    try:
        with (layout.folder / "lock").open("r+") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                text = handle.read().strip()
                return int(text) if text.isdigit() else None
    except FileNotFoundError:
        pass
    return None


def delete_state(layout: SuiteLayout) -> None:
    """Forget all state and logs of a suite that is not up; the lock file stays."""
    for path in layout.folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != "lock":
            path.unlink()
