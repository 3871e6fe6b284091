"""A crash of the decoder of one job."""

from __future__ import annotations

import os
import signal
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.local.client.api_client import Client
from infra.local.suite.handle import SuiteHandle


@dataclass
class DecoderCrasher:
    """Sends SIGSEGV to every decoder process of one job, as if the decoder had a bug."""

    suite: SuiteHandle
    client: Client
    job_id: str
    crash_count: int = 0

    def run_until_job_ends(self) -> dict[str, Any]:
        stopped = threading.Event()
        thread = threading.Thread(target=self._crash_decoders, args=(stopped,))
        thread.start()
        try:
            return self.suite.wait_for_job(self.client, self.job_id)
        finally:
            stopped.set()
            thread.join()

    def _crash_decoders(self, stopped: threading.Event) -> None:
        killed: set[str] = set()
        # A decoder may live for one second only. A shorter interval would use a whole core.
        while not stopped.wait(0.02):
            for process in Path("/proc").glob("[0-9]*"):
                try:
                    process_name = (process / "comm").read_text().strip()
                    if process_name == f"mr {self.job_id}"[:15] and process.name not in killed:
                        os.kill(int(process.name), signal.SIGSEGV)
                        killed.add(process.name)
                        self.crash_count += 1
                except (OSError, ProcessLookupError):
                    continue
