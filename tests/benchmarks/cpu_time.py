"""CPU time of a process with its sandbox processes."""

from __future__ import annotations

import os
import time
from multiprocessing import forkserver
from pathlib import Path
from typing import Any


def cpu_s() -> float:
    """Returns the CPU time of this process, and of its sandbox processes that have ended.

    They are children of the fork server, which waits for them.
    """
    server: Any = forkserver._forkserver
    pid = server._forkserver_pid
    sandboxes_s = 0.0
    if pid is not None:
        # Fields 14 to 17 of proc(5): utime and stime of the process and of its children.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        sandboxes_s = sum(map(int, fields[13:15])) / os.sysconf("SC_CLK_TCK")
    return time.process_time() + sandboxes_s
