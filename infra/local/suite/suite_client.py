"""A client of the local suite: status, stop, and a start in the background."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from infra.local.setup.installs import clean_env
from infra.local.suite.http import request
from infra.local.suite.layout import ROOT, SetupError, SuiteLayout
from infra.local.suite.suite import find_runner_pid


def read_status(layout: SuiteLayout) -> dict[str, Any] | None:
    """What the runner says about itself, or None when no suite answers there."""
    state = layout.read_state()
    if state is None or find_runner_pid(layout) is None:
        return None
    try:
        told = request("GET", layout.url("control") + "/status", headers=_door(state), timeout_s=5)
    except OSError:
        return None
    answer = told.json() if told.status == 200 else None
    return answer if isinstance(answer, dict) else None


def is_ready(layout: SuiteLayout) -> bool:
    """Whether a suite is up with everything answering."""
    told = read_status(layout)
    return bool(told and told["ready"])


def wait_until_ready(layout: SuiteLayout, timeout_s: float) -> None:
    """Wait for a suite that somebody is starting. Raises SetupError when it does not come up."""
    limit = time.monotonic() + timeout_s
    while not is_ready(layout):
        if find_runner_pid(layout) is None:
            raise SetupError(f"The suite on {layout.base} ended while it was starting.")
        if time.monotonic() > limit:
            raise SetupError(f"The suite on {layout.base} does not become ready.")
        time.sleep(0.1)


def restart(layout: SuiteLayout, service: str, env: dict[str, str]) -> None:
    """End a service now; it comes back with `env` on top of its own variables."""
    state = layout.read_state() or {}
    url = f"{layout.url('control')}/services/{service}/restart"
    told = request("POST", url, {"env": env}, headers=_door(state))
    if told.status != 202:
        raise SetupError(f"{service} could not be restarted: {told.body.decode()}")


def stop(layout: SuiteLayout, timeout_s: float = 60) -> bool:
    """End a suite and wait until it is gone; False when none was up."""
    runner = find_runner_pid(layout)
    if runner is None:
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(runner, signal.SIGTERM)
    limit = time.monotonic() + timeout_s
    while find_runner_pid(layout) is not None:
        if time.monotonic() > limit:
            raise SetupError(f"The suite (process {runner}) does not end.")
        time.sleep(0.05)
    return True


@contextlib.contextmanager
def run_in_background(
    layout: SuiteLayout,
    *,
    recipe: str | None = None,
    fresh: bool = False,
    env: dict[str, str] | None = None,
    output: IO[str] | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """A suite of our own: up inside the block, gone after it, even if we are killed.

    `told` gets what the runner says (default: our standard output). Raises SetupError when the
    suite cannot start; the reason has been said by then.
    """
    command = [sys.executable, "-m", "infra.local.cli", "up", "--background"]
    command += ["--recipe", recipe] if recipe else []
    command += ["--fresh"] if fresh else []
    ours = {"MOODREEL_PORT_BASE": str(layout.base), "PYTHONPATH": str(ROOT), **(env or {})}
    runner = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=output,
        cwd=ROOT,
        env=clean_env(ours),
        start_new_session=True,
    )
    try:
        while not is_ready(layout):
            if runner.poll() is not None:
                raise SetupError("The local cloud could not start.")
            time.sleep(0.1)
        yield runner
    finally:
        if runner.stdin:
            runner.stdin.close()
        runner.wait()


def log_path(layout: SuiteLayout, service: str) -> Path:
    """The log of a service, whether or not it runs now."""
    return layout.logs / f"{service}.log"


def _door(state: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {state.get('token', '')}"}
