"""Stops the services of a runner when the runner has ended for any reason, including SIGKILL.

The runner holds the other end of standard input. It writes `+<group>` when a service starts and
`-<group>` when it ends. When the pipe closes, the reaper kills the remaining groups.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time

_GRACE_S = 1.0


def main() -> None:
    """Reads standard input to its end, then kills the remaining process groups."""
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
