"""The recorder task that handed a camera over to its successor."""

from __future__ import annotations

import time
from collections.abc import Callable

from shared.cameras.recorder_tasks import RECORDER
from shared.runtime.services import Services
from shared.tasks.task import Task, task_path

MAX_WAIT_S = 15.0
"""How long a recording that stops during a handover waits for the previous task's last segment."""


class PreviousTask:
    """The predecessor of `task`, if it has one."""

    def __init__(self, task: Task, services: Services) -> None:
        self._task_id: str = task.data.get("previous") or ""
        self._services = services

    def is_running(self) -> bool:
        """Whether the previous task has not ended and its lease holds."""
        if not self._task_id:
            return False
        (doc,) = self._services.store.read([task_path(RECORDER, self._task_id)])
        if doc is None:
            return False
        task = Task.from_doc(RECORDER, doc)
        return not task.has_ended and task.lease_until >= self._services.clock.now()

    def wait_until_ended(self, work: Callable[[], None]) -> None:
        """Calls `work` until the previous task has ended, or MAX_WAIT_S have passed."""
        deadline = time.monotonic() + MAX_WAIT_S
        while self.is_running() and time.monotonic() < deadline:
            work()
