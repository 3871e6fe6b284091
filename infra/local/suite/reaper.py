"""Ends what a runner started when the runner is gone, however it went (kill -9 included).

The runner holds the other end of our standard input and writes `+<group>` and `-<group>` lines as
its services come and go. When the pipe closes, the groups that are still listed are ended.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time

_GRACE_S = 1.0


def main() -> None:
    """Follow standard input to its end, then end what is left."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin:
        group = int(line[1:])
        groups.add(group) if line.startswith("+") else groups.discard(group)
    for number in (signal.SIGTERM, signal.SIGKILL):
        for group in groups:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(group, number)
        if groups and number == signal.SIGTERM:
            time.sleep(_GRACE_S)


if __name__ == "__main__":
    main()
