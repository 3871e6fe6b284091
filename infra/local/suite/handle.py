"""Controls a suite from tests: accounts, API calls, kill, restart, emails, logs and faults."""

from __future__ import annotations

import contextlib
import os
import signal
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import infra.client  # noqa: F401 - makes moodreel importable
from infra.local.cli import fault
from infra.local.client.api_client import Client, User
from infra.local.client.http import request
from infra.local.suite import suite_client, wiring
from infra.local.suite.layout import SetupError, SuiteLayout
from infra.local.suite.services import CRASHES_FOLDER, emulator_env
from moodreel.files.content_types import guess_content_type
from shared.pipeline import FUNCTIONS, RECIPES

_T = TypeVar("_T")
TERMINAL_STATUSES = ("done", "failed", "cancelled")
WAIT_TIMEOUT_S = 180.0
"""How long tests wait for a condition. The limit is generous so that tests pass on a busy
machine."""


class SuiteHandle:
    """A running suite and the output of its runner."""

    def __init__(self, layout: SuiteLayout, runner_pid: int, output_file: Path) -> None:
        self.layout = layout
        self.runner_pid = runner_pid
        self._output_file = output_file

    # --- addresses

    def port(self, name: str) -> int:
        """Returns the port of a service or function."""
        return self.layout.port(name)

    def url(self, name: str) -> str:
        """Returns the URL of a service or function."""
        return self.layout.url(name)

    @property
    def env(self) -> dict[str, str]:
        """The environment for `Settings.from_env` and for Google's client libraries."""
        return emulator_env(self.layout)

    def read_output(self) -> str:
        """Returns the output of the runner."""
        return self._output_file.read_text()

    def read_log(self, service: str) -> str:
        """Returns the log of a service."""
        return suite_client.log_path(self.layout, service).read_text(errors="replace")

    # --- processes

    def services(self) -> dict[str, dict[str, Any]]:
        """Returns pid, port, ready, restarts and log of every service."""
        status = suite_client.read_status(self.layout)
        if status is None:
            raise SetupError("The suite is no longer running.")
        services: dict[str, dict[str, Any]] = status["services"]
        return services

    def pid(self, service: str) -> int:
        """Returns the process id of a service. The process leads a group with its workers."""
        return int(self.services()[service]["pid"])

    def kill(self, service: str) -> None:
        """Kills a service and its workers with SIGKILL."""
        os.killpg(self.pid(service), signal.SIGKILL)

    def restart(self, service: str, env: Mapping[str, str] | None = None) -> None:
        """Restarts a service with `env`, which the next restart drops, and waits until it is
        ready."""
        restarts_before = self.services()[service]["restarts"]
        suite_client.restart(self.layout, service, dict(env or {}))
        wait_until(lambda: self.has_restarted(service, restarts_before), f"{service} to restart")

    def has_restarted(self, service: str, restarts_before: int) -> bool:
        """Whether the service is ready after at least one more restart."""
        state = self.services()[service]
        return bool(state["ready"] and state["restarts"] > restarts_before)

    def crash_once(self, point: str, stage: str, job_id: str) -> Path:
        """Makes the stage's process end itself at a crash point, once.

        Returns the file that requests it. The process deletes the file when it crashes.
        """
        crash_file = self.layout.folder / CRASHES_FOLDER / f"{point}.{stage}.{job_id}"
        crash_file.parent.mkdir(exist_ok=True)
        crash_file.touch()
        return crash_file

    def trigger_schedule(self, function: str) -> None:
        """Publishes the message of a function's schedule now."""
        wiring.trigger_schedule(self.layout, FUNCTIONS[function])

    # --- users

    def user(self, email: str | None = None) -> User:
        """Returns a signed-in user: a new one unless an address is given."""
        address = email or f"{uuid.uuid4().hex[:12]}@moodreel.test"
        user = User(self.url("auth"), address, "local-only-password")
        user.sign_in()
        return user

    def client(self, user: User | None = None) -> Client:
        """Returns an API client for this user (default: a new user)."""
        return Client(self.url("api"), user or self.user())

    def start_job(
        self,
        client: Client,
        recipe: str,
        *files: Path,
        options: Mapping[str, str] | None = None,
        title: str | None = None,
        named_files: Mapping[str, Path] | None = None,
    ) -> str:
        """Creates a job and uploads its files, in the order of the recipe's inputs or by name.

        Returns the job's id.
        """
        names = [input_.name for input_ in RECIPES[recipe].inputs]
        inputs = dict(zip(names, files, strict=False))  # optional inputs come last
        inputs.update(named_files or {})
        descriptions = {
            name: {
                "filename": path.name,
                "content_type": guess_content_type(path),
                "size_bytes": path.stat().st_size,
            }
            for name, path in inputs.items()
        }
        created = client.create_job(recipe, descriptions, options, title)
        for name, path in inputs.items():
            client.upload(created["uploads"][name], path, lambda _: None)
        return str(created["job"]["id"])

    def wait_for_job(
        self, client: Client, job_id: str, timeout_s: float = WAIT_TIMEOUT_S
    ) -> dict[str, Any]:
        """Waits until the job has a terminal status. Returns the job."""
        return wait_until(
            lambda: next(
                (job for job in [client.get_job(job_id)] if job["status"] in TERMINAL_STATUSES),
                None,
            ),
            f"job {job_id} to end",
            timeout_s,
        )

    # --- mail and faults

    def list_emails(self, to: str | None = None) -> list[dict[str, Any]]:
        """Returns the emails, oldest first: id, from, to, subject, message_id, text, html, path."""
        emails: list[dict[str, Any]] = request("GET", self.url("mails") + "/mails").json()
        return [email for email in emails if to is None or to in email["to"]]

    def refuse_emails(self, reply: str, count: int = 1, to: str = "") -> None:
        """Rejects the next emails (to this address) with `reply`, such as `451 4.3.0 Try later`."""
        body = {"reply": reply, "count": count, "to": to}
        request("POST", self.url("mails") + "/refusals", body)

    def add_storage_fault(self, rule: Mapping[str, Any]) -> None:
        """Adds a fault rule to Cloud Storage (see infra/local/faults/inject.py)."""
        fault.add_rule(self.layout, "gcs", rule)

    def clear_storage_faults(self) -> None:
        """Deletes the fault rules of Cloud Storage."""
        fault.clear_rules(self.layout, "gcs")

    def add_message_fault(self, target: str, action: Mapping[str, Any], **how: Any) -> None:
        """Adds a fault rule for the deliveries to a function, or to all with "messages" (see
        infra/local/emulators/push/server.py).

        `how` may hold count, rate and seed:
        `add_message_fault("stitching", {"repeat": 2}, count=3)`.
        """
        fault.add_rule(self.layout, target, {"action": dict(action), **how})

    def clear_message_faults(self) -> None:
        """Deletes the fault rules for messages."""
        fault.clear_rules(self.layout, "push")

    def limit_instances(self, count: int | None) -> None:
        """Limits the instances of every function, or removes the limit."""
        request("PUT", self.url("push") + "/_instances", {"max": count})

    def list_faults(self) -> list[dict[str, Any]]:
        """Returns all active rules, each with `server`, `matched_count` and `fired_count`."""
        rules = fault.list_rules(self.layout, self.services())
        return [{"server": server} | rule for server, rule in rules]

    def read_delivery_counts(self) -> dict[str, dict[str, int]]:
        """Returns the counts of every function (see `DeliveryCounts`)."""
        return dict(request("GET", self.url("push") + "/_stats").json())


def wait_until(
    condition: Callable[[], _T | None],
    description: str,
    timeout_s: float = WAIT_TIMEOUT_S,
    interval_s: float | None = None,
) -> _T:
    """Returns the first truthy result of `condition`. Raises SetupError with `description` when
    `timeout_s` is over.

    Without `interval_s` the interval grows from 0.1 to 0.5 s with the time waited: each check
    takes CPU time from what the test waits for.
    """
    started_at = time.monotonic()
    while True:
        if result := condition():
            return result
        waited_s = time.monotonic() - started_at
        if waited_s > timeout_s:
            raise SetupError(f"Timed out after {timeout_s:.0f} s waiting for {description}.")
        time.sleep(interval_s or min(0.5, max(0.1, waited_s / 10)))


@contextlib.contextmanager
def run_suite(
    layout: SuiteLayout,
    recipe: str | None = None,
    env: dict[str, str] | None = None,
    *,
    clear_state: bool = True,
) -> Iterator[SuiteHandle]:
    """Runs a suite inside the block. Raises SetupError with the runner's output."""
    with tempfile.TemporaryDirectory() as folder:
        output_file = Path(folder) / "runner.log"
        try:
            with (
                output_file.open("w") as output,
                suite_client.run_in_background(
                    layout, recipe=recipe, fresh=clear_state, env=env, output=output
                ) as runner,
            ):
                yield SuiteHandle(layout, runner.pid, output_file)
        except SetupError as error:
            raise SetupError(f"{error}\n{output_file.read_text()}") from error
