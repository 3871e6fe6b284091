"""A suite in the hands of tests: sign up, call the API, kill, restart, read mails and logs."""

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

from infra.local.cli import fault
from infra.local.cli.run import guess_content_type
from infra.local.suite import suite_client, wiring
from infra.local.suite.api_client import Client, User
from infra.local.suite.http import request
from infra.local.suite.layout import SetupError, SuiteLayout
from infra.local.suite.services import CRASHES_FOLDER, emulator_env
from shared.pipeline import FUNCTIONS, RECIPES

_T = TypeVar("_T")
TERMINAL_STATUSES = ("done", "failed", "cancelled")
WAIT_TIMEOUT_S = 300.0
"""How long tests wait for a condition: long, so that a busy machine fails none of them."""


class SuiteHandle:
    """One suite that is up, and what its runner has said so far."""

    def __init__(self, layout: SuiteLayout, runner_pid: int, output_file: Path) -> None:
        self.place = layout
        self.runner_pid = runner_pid
        self._told = output_file

    # --- where things are

    def port(self, name: str) -> int:
        """The port of a service or function."""
        return self.place.port(name)

    def url(self, name: str) -> str:
        """Where a service or function answers."""
        return self.place.url(name)

    @property
    def env(self) -> dict[str, str]:
        """For `Settings.from_env`, and for Google's client libraries."""
        return emulator_env(self.place)

    def read_output(self) -> str:
        """All that the runner printed."""
        return self._told.read_text()

    def read_log(self, service: str) -> str:
        """What a service wrote."""
        return suite_client.log_path(self.place, service).read_text(errors="replace")

    # --- processes

    def services(self) -> dict[str, dict[str, Any]]:
        """The runner's table: pid, port, ready, restarts, log of every service."""
        told = suite_client.read_status(self.place)
        if told is None:
            raise SetupError("The suite is gone.")
        services: dict[str, dict[str, Any]] = told["services"]
        return services

    def pid(self, service: str) -> int:
        """The process that the runner started; it leads a group with its workers."""
        return int(self.services()[service]["pid"])

    def kill(self, service: str) -> None:
        """kill -9 of a service with all its workers."""
        os.killpg(self.pid(service), signal.SIGKILL)

    def restart(self, service: str, env: Mapping[str, str] | None = None) -> None:
        """End it and wait until it answers again, with `env` until its next death."""
        before = self.services()[service]["restarts"]
        suite_client.restart(self.place, service, dict(env or {}))
        wait_until(lambda: self.has_restarted(service, before), f"{service} to come back")

    def has_restarted(self, service: str, restarts_before: int) -> bool:
        """Whether it answers after at least one more restart."""
        one = self.services()[service]
        return bool(one["ready"] and one["restarts"] > restarts_before)

    def crash_once(self, point: str, stage: str, job_id: str) -> Path:
        """The stage's process ends itself when it reaches the point; the order's file goes then."""
        order = self.place.folder / CRASHES_FOLDER / f"{point}.{stage}.{job_id}"
        order.parent.mkdir(exist_ok=True)
        order.touch()
        return order

    def trigger_schedule(self, function: str) -> None:
        """What the schedule would send, now."""
        wiring.trigger_schedule(self.place, FUNCTIONS[function])

    # --- people

    def user(self, email: str | None = None) -> User:
        """Someone signed in; a new person unless an address is given."""
        address = email or f"{uuid.uuid4().hex[:12]}@moodreel.test"
        user = User(self.url("auth"), address, "local-only-password")
        user.sign_in()
        return user

    def client(self, user: User | None = None) -> Client:
        """The API as this person (default: a new one) sees it."""
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
        """Create a job and upload its files, in the order of the recipe's inputs or by their names;
        the job's id."""
        names = [one.name for one in RECIPES[recipe].inputs]
        inputs = dict(zip(names, files, strict=False))  # optional inputs come last
        inputs.update(named_files or {})
        described = {
            name: {
                "filename": path.name,
                "content_type": guess_content_type(path),
                "size_bytes": path.stat().st_size,
            }
            for name, path in inputs.items()
        }
        made = client.create_job(recipe, described, options, title)
        for name, path in inputs.items():
            client.upload(made["uploads"][name], path, lambda _: None)
        return str(made["job"]["id"])

    def wait_for_job(
        self, client: Client, job_id: str, timeout_s: float = WAIT_TIMEOUT_S
    ) -> dict[str, Any]:
        """The job when it has ended, however it ended."""
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
        """The mails so far, oldest first: id, from, to, subject, message_id, text, html, path."""
        told: list[dict[str, Any]] = request("GET", self.url("mails") + "/mails").json()
        return [mail for mail in told if to is None or to in mail["to"]]

    def refuse_emails(self, reply: str, count: int = 1, to: str = "") -> None:
        """The next mails (to this address, if given) are answered with `reply`, for example
        `451 4.3.0 Try later`."""
        refusal = {"reply": reply, "count": count, "to": to}
        request("POST", self.url("mails") + "/refusals", refusal)

    def add_storage_fault(self, rule: Mapping[str, Any]) -> None:
        """Let Cloud Storage misbehave by a rule (see infra/local/faults/inject.py)."""
        fault.add_rule(self.place, "gcs", rule)

    def clear_storage_faults(self) -> None:
        """Cloud Storage behaves again."""
        fault.clear_rules(self.place, "gcs")

    def add_message_fault(self, target: str, action: Mapping[str, Any], **how: Any) -> None:
        """Bend the deliveries to a function, or to all with "messages" (see
        infra/local/emulators/push/server.py).

        `how` may hold count, rate, seed: `message_fault("stitching", {"repeat": 2}, count=3)`.
        """
        fault.add_rule(self.place, target, {"action": dict(action), **how})

    def clear_message_faults(self) -> None:
        """Messages are delivered once and at once again."""
        fault.clear_rules(self.place, "push")

    def list_faults(self) -> list[dict[str, Any]]:
        """All rules in force, each with its `server` and its `matched_count` and `fired_count`."""
        found = fault.list_rules(self.place, self.services())
        return [{"server": server, **rule} for server, rule in found]

    def read_delivery_counts(self) -> dict[str, dict[str, int]]:
        """For every function: pushed, in_flight, acknowledged, refused (and copies) so far."""
        told: dict[str, dict[str, int]] = request("GET", self.url("push") + "/_stats").json()
        return told


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
    begin = time.monotonic()
    while True:
        if answer := condition():
            return answer
        waited_s = time.monotonic() - begin
        if waited_s > timeout_s:
            raise SetupError(f"Waited {timeout_s:.0f} s in vain for {description}.")
        time.sleep(interval_s or min(0.5, max(0.1, waited_s / 10)))


@contextlib.contextmanager
def run_suite(
    layout: SuiteLayout,
    recipe: str | None = None,
    env: dict[str, str] | None = None,
    *,
    fresh: bool = True,
) -> Iterator[SuiteHandle]:
    """A suite of one's own for the time of the block. Raises SetupError with what was said."""
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "runner.log"
        try:
            with (
                told.open("w") as out,
                suite_client.run_in_background(
                    layout, recipe=recipe, fresh=fresh, env=env, output=out
                ) as runner,
            ):
                yield SuiteHandle(layout, runner.pid, told)
        except SetupError as problem:
            raise SetupError(f"{problem}\n{told.read_text()}") from problem
