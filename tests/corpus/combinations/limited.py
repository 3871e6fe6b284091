"""Runs cases in worker processes, and stops a worker whose case does not end."""

from __future__ import annotations

import faulthandler
import multiprocessing
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Generic, TypeVar

Outcome = TypeVar("Outcome")

CASE_LIMIT_S = 300.0
"""A case takes a second, on a busy machine some seconds."""
_DUMP_S = 0.9
"""Share of the limit after which a worker writes where its threads are."""


class CaseNotFinishedError(RuntimeError):
    """The worker of a case died, or did not end the case within the limit."""


class LimitedWorker(Generic[Outcome]):
    """One process that runs `work(seed, number)`. It is stopped if there is no result; the next
    case begins in a new process."""

    def __init__(self, work: Callable[[int, int], Outcome], limit_s: float = CASE_LIMIT_S) -> None:
        self._work = work
        self._limit_s = limit_s
        self._process: multiprocessing.process.BaseProcess | None = None
        self._connection: Connection | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="corpus-worker-")

    def close(self) -> None:
        """Stops the process."""
        self._stop()
        self._folder.cleanup()

    def run(self, seed: int, number: int) -> Outcome:
        """Returns the result of a case. Raises CaseNotFinishedError."""
        try:
            connection = self._connection or self._start()
            connection.send((seed, number))
            if connection.poll(self._limit_s):
                outcome: Outcome = connection.recv()
                return outcome
            reason = f"no result after {self._limit_s:g} s"
        except (EOFError, ConnectionError) as error:
            reason = f"the process died ({type(error).__name__})"
        self._stop()
        raise CaseNotFinishedError(f"{reason}\n{self._stacks.read_text()[-3000:]}")

    @property
    def _stacks(self) -> Path:
        return Path(self._folder.name) / "stacks.txt"

    def _start(self) -> Connection:
        # Not forked: encoders have threads and locks.
        spawn = multiprocessing.get_context("spawn")
        self._connection, end = spawn.Pipe()
        self._stacks.write_text("")
        arguments = (end, self._work, self._limit_s * _DUMP_S, self._stacks)
        self._process = spawn.Process(target=_serve, args=arguments)
        self._process.start()
        end.close()
        # Importing modules is no part of a case.
        self._connection.recv()
        return self._connection

    def _stop(self) -> None:
        if self._connection is not None:
            self._connection.close()
        if self._process is not None:
            self._process.kill()
            self._process.join()
        self._connection = self._process = None


def run_limited(
    work: Callable[[int, int], Outcome],
    seed: int,
    numbers: Iterable[int],
    processes: int,
    limit_s: float = CASE_LIMIT_S,
) -> Iterator[tuple[int, Outcome | CaseNotFinishedError]]:
    """Yields each number with its result, in order."""
    numbers = list(numbers)
    workers = [LimitedWorker(work, limit_s) for _ in range(min(processes, len(numbers)))]
    free = list(workers)

    def run(number: int) -> Outcome | CaseNotFinishedError:
        worker = free.pop()
        try:
            return worker.run(seed, number)
        except CaseNotFinishedError as error:
            return error
        finally:
            free.append(worker)

    try:
        with ThreadPoolExecutor(max(1, len(workers))) as threads:
            yield from zip(numbers, threads.map(run, numbers), strict=True)
    finally:
        for worker in workers:
            worker.close()


def _serve(
    connection: Connection, work: Callable[[int, int], object], dump_after_s: float, stacks: Path
) -> None:
    with stacks.open("w") as file:
        connection.send(None)
        while True:
            try:
                seed, number = connection.recv()
            except EOFError:
                return
            faulthandler.dump_traceback_later(dump_after_s, file=file)
            outcome = work(seed, number)
            faulthandler.cancel_dump_traceback_later()
            connection.send(outcome)
