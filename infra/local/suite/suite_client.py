"""A suite seen from outside: is one up, what runs in it, stop it; or start one on a leash."""

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
from infra.local.suite.layout import ROOT, Place, SetupError
from infra.local.suite.suite import holder


def status_of(place: Place) -> dict[str, Any] | None:
    """What the runner says about itself, or None when no suite answers there."""
    state = place.read_state()
    if state is None or holder(place) is None:
        return None
    try:
        told = request("GET", place.url("control") + "/status", headers=_door(state), timeout_s=5)
    except OSError:
        return None
    answer = told.json() if told.status == 200 else None
    return answer if isinstance(answer, dict) else None


def is_ready(place: Place) -> bool:
    """Whether a suite is up with everything answering."""
    told = status_of(place)
    return bool(told and told["ready"])


def wait_ready(place: Place, patience_s: float) -> None:
    """Wait for a suite that somebody is starting. Raises SetupError when it does not come up."""
    limit = time.monotonic() + patience_s
    while not is_ready(place):
        if holder(place) is None:
            raise SetupError(f"The suite on {place.base} ended while it was starting.")
        if time.monotonic() > limit:
            raise SetupError(f"The suite on {place.base} does not become ready.")
        time.sleep(0.1)


def restart(place: Place, service: str, env: dict[str, str]) -> None:
    """End a service now; it comes back with `env` on top of its own variables."""
    state = place.read_state() or {}
    url = f"{place.url('control')}/services/{service}/restart"
    told = request("POST", url, {"env": env}, headers=_door(state))
    if told.status != 202:
        raise SetupError(f"{service} could not be restarted: {told.body.decode()}")


def stop(place: Place, patience_s: float = 60) -> bool:
    """End a suite and wait until it is gone; False when none was up."""
    runner = holder(place)
    if runner is None:
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(runner, signal.SIGTERM)
    limit = time.monotonic() + patience_s
    while holder(place) is not None:
        if time.monotonic() > limit:
            raise SetupError(f"The suite (process {runner}) does not end.")
        time.sleep(0.05)
    return True


@contextlib.contextmanager
def on_leash(
    place: Place,
    *,
    recipe: str | None = None,
    fresh: bool = False,
    env: dict[str, str] | None = None,
    told: IO[str] | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """A suite of our own: up inside the block, gone after it, even if we are killed.

    `told` gets what the runner says (default: our standard output). Raises SetupError when the
    suite cannot start; the reason has been said by then.
    """
    command = [sys.executable, "-m", "infra.local.cli", "up", "--leash"]
    command += ["--recipe", recipe] if recipe else []
    command += ["--fresh"] if fresh else []
    ours = {"MOODREEL_PORT_BASE": str(place.base), "PYTHONPATH": str(ROOT), **(env or {})}
    runner = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=told,
        stderr=told,
        cwd=ROOT,
        env=clean_env(ours),
        start_new_session=True,
    )
    try:
        while not is_ready(place):
            if runner.poll() is not None:
                raise SetupError("The local cloud could not start.")
            time.sleep(0.1)
        yield runner
    finally:
        if runner.stdin:
            runner.stdin.close()
        runner.wait()


def log_path(place: Place, service: str) -> Path:
    """The log of a service, whether or not it runs now."""
    return place.logs / f"{service}.log"


def _door(state: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {state.get('token', '')}"}
