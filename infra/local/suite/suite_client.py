"""A client of the local suite: status, restart, stop, and start in the background."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from infra.local.client.http import request
from infra.local.setup.installs import clean_env
from infra.local.suite.layout import ROOT, SetupError, SuiteLayout
from infra.local.suite.suite import find_runner_pid

_STOP_TIMEOUT_S = 150.0
"""Longer than the services need to end and the two emulators to export their state (60 s each)."""


def read_status(layout: SuiteLayout) -> dict[str, Any] | None:
    """Returns the status that the runner reports, or None when no suite responds."""
    state = layout.read_state()
    if state is None or find_runner_pid(layout) is None:
        return None
    try:
        response = request(
            "GET", layout.url("control") + "/status", headers=_auth_header(state), timeout_s=30
        )
    except OSError:
        return None
    status = response.json() if response.status == 200 else None
    return status if isinstance(status, dict) else None


def is_ready(layout: SuiteLayout) -> bool:
    """Whether a suite is running and all its services are ready."""
    status = read_status(layout)
    return bool(status and status["ready"])


def wait_until_ready(layout: SuiteLayout, timeout_s: float) -> None:
    """Waits for a suite that is starting. Raises SetupError when it does not become ready."""
    deadline = time.monotonic() + timeout_s
    while not is_ready(layout):
        if find_runner_pid(layout) is None:
            raise SetupError(f"The suite on {layout.base} stopped while it was starting.")
        if time.monotonic() > deadline:
            raise SetupError(f"The suite on {layout.base} is not ready after {timeout_s:.0f} s.")
        time.sleep(0.1)


def restart(layout: SuiteLayout, service: str, env: dict[str, str]) -> None:
    """Restarts a service now, with `env` added to its own variables."""
    state = layout.read_state() or {}
    url = f"{layout.url('control')}/services/{service}/restart"
    response = request("POST", url, {"env": env}, headers=_auth_header(state))
    if response.status != 202:
        raise SetupError(f"Could not restart {service}: {response.body.decode()}")


def stop(layout: SuiteLayout, timeout_s: float = _STOP_TIMEOUT_S) -> bool:
    """Stops a suite and waits for its end. Returns False when no suite was running."""
    runner_pid = find_runner_pid(layout)
    if runner_pid is None:
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(runner_pid, signal.SIGTERM)
    deadline = time.monotonic() + timeout_s
    while find_runner_pid(layout) is not None:
        if time.monotonic() > deadline:
            raise SetupError(
                f"The suite (process {runner_pid}) did not stop within {timeout_s:.0f} s."
            )
        time.sleep(0.05)
    return True


@contextlib.contextmanager
def run_in_background(
    layout: SuiteLayout,
    *,
    recipe: str | None = None,
    optional_stages: Sequence[str] = (),
    fresh: bool = False,
    env: dict[str, str] | None = None,
    output: IO[str] | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Runs a suite inside the block. The suite also stops when this process is killed.

    The runner writes to `output` (default: standard output). Raises SetupError when the suite
    cannot start; the runner has then written the reason to `output`.
    """
    command = [sys.executable, "-m", "infra.local.cli", "up", "--background"]
    command += ["--recipe", recipe] if recipe else []
    command += [word for stage in optional_stages for word in ("--stage", stage)]
    command += ["--fresh"] if fresh else []
    variables = {"MOODREEL_PORT_BASE": str(layout.base), "PYTHONPATH": str(ROOT), **(env or {})}
    runner = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=output,
        cwd=ROOT,
        env=clean_env(variables),
        start_new_session=True,
    )
    try:
        while not is_ready(layout):
            if runner.poll() is not None:
                raise SetupError("The local suite could not start.")
            time.sleep(0.1)
        yield runner
    finally:
        if runner.stdin:
            runner.stdin.close()
        _wait_until_stopped(runner)


def _wait_until_stopped(runner: subprocess.Popen[bytes]) -> None:
    """Waits for the runner. Kills one that does not stop: the reaper then ends the services."""
    try:
        runner.wait(_STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        runner.kill()
        runner.wait()
        raise SetupError(
            f"The local suite did not stop within {_STOP_TIMEOUT_S:.0f} s and was killed."
        ) from None


def log_path(layout: SuiteLayout, service: str) -> Path:
    """Returns the path of a service's log."""
    return layout.logs / f"{service}.log"


def _auth_header(state: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {state.get('token', '')}"}
