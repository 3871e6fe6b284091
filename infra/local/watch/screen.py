"""The terminal of `watch`: drawn in place, whole again whenever it is left."""

from __future__ import annotations

import argparse
import contextlib
import os
import select
import shutil
import signal
import sys
import termios
import time
import tty
from types import FrameType

from infra.local.suite.layout import SuiteLayout
from infra.local.watch.draw import draw_snapshot
from infra.local.watch.snapshot import SnapshotReader
from infra.local.watch.text import Line, render_line

_SCREEN_ON, _SCREEN_OFF = "\x1b[?1049h\x1b[?25l\x1b[?7l", "\x1b[?7h\x1b[?25h\x1b[?1049l"
"""A screen of our own without cursor and line wrap; and back to what was there before."""
_HOME, _CLEAR_LINE, _NEXT_LINE, _CLEAR_REST = "\x1b[H", "\x1b[2K", "\r\n", "\x1b[J"
_QUIT = ("q", "Q", "\x03", "\x04")


def watch(args: argparse.Namespace) -> int:
    """Show the chain until Ctrl-C or `q`; with --once, or off a terminal, one picture."""
    place = SuiteLayout.from_env()
    gathering = SnapshotReader(place)
    if args.once or not sys.stdout.isatty():
        shot = gathering.read()
        width = shutil.get_terminal_size((100, 0)).columns
        styled = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        for line in draw_snapshot(shot, place.base, width, None):
            print(render_line(line, styled=styled))
        return 0 if shot else 1
    # Ctrl-C is how this ends, and no failure.
    with contextlib.suppress(KeyboardInterrupt), _Screen() as screen:
        while True:
            shot = gathering.read()
            due = time.monotonic() + args.every
            while True:
                # Another size is drawn of what is known: gathering takes seconds in a full suite.
                size = screen.size()
                screen.draw(draw_snapshot(shot, place.base, size.columns, size.lines))
                if screen.wait(due - time.monotonic()):
                    return 0
                if time.monotonic() >= due:
                    break
    return 0


class _Screen:
    """A terminal that is ours inside the block. Signals that end us leave through the block."""

    def __enter__(self) -> _Screen:
        self._stdin = sys.stdin.fileno() if sys.stdin.isatty() else None
        self._kept = termios.tcgetattr(self._stdin) if self._stdin is not None else None
        self._wakes, self._wake = os.pipe()
        os.set_blocking(self._wake, False)
        self._handlers = {
            number: signal.signal(number, handle)
            for number, handle in (
                (signal.SIGWINCH, self._resized),
                (signal.SIGTSTP, self._suspended),
                # A script's background job inherits an ignored SIGINT: Python installs nothing.
                (signal.SIGINT, signal.default_int_handler),
                (signal.SIGTERM, _ended),
                (signal.SIGHUP, _ended),
            )
        }
        self._take()
        return self

    def __exit__(self, *_: object) -> None:
        for number, handle in self._handlers.items():
            signal.signal(number, handle)
        with contextlib.suppress(OSError):  # the terminal itself may be gone
            self._give_back()
        os.close(self._wakes)
        os.close(self._wake)

    def size(self) -> os.terminal_size:
        """As it is now; COLUMNS and LINES, which programs leave to children, say how it was."""
        return os.get_terminal_size(sys.stdout.fileno())

    def draw(self, lines: list[Line]) -> None:
        """Replace what is shown, in one write: nothing flickers."""
        styled = "NO_COLOR" not in os.environ
        # Each line is cleared first: cleared behind a full one, its last character would go too.
        rows = [_CLEAR_LINE + render_line(line, styled=styled) for line in lines]
        rest = _NEXT_LINE + _CLEAR_REST if len(lines) < self.size().lines else ""
        sys.stdout.write(_HOME + _NEXT_LINE.join(rows) + rest)
        sys.stdout.flush()

    def wait(self, seconds: float) -> bool:
        """Rest until it is time, or the size changed; True when a key asks to end."""
        until = time.monotonic() + seconds
        watched = [self._wakes, *([self._stdin] if self._stdin is not None else [])]
        while (left := until - time.monotonic()) > 0:
            ready, _, _ = select.select(watched, [], [], left)
            if self._stdin in ready and self._stdin is not None:
                keys = os.read(self._stdin, 64).decode(errors="replace")
                if not keys or any(key in _QUIT for key in keys):
                    return True
            if self._wakes in ready:
                os.read(self._wakes, 64)
                return False
        return False

    def _take(self) -> None:
        if self._stdin is not None:
            tty.setcbreak(self._stdin)
        sys.stdout.write(_SCREEN_ON)
        sys.stdout.flush()

    def _give_back(self) -> None:
        if self._stdin is not None and self._kept is not None:
            termios.tcsetattr(self._stdin, termios.TCSADRAIN, self._kept)
        sys.stdout.write(_SCREEN_OFF)
        sys.stdout.flush()

    def _resized(self, _number: int, _frame: FrameType | None) -> None:
        with contextlib.suppress(BlockingIOError):
            os.write(self._wake, b".")

    def _suspended(self, _number: int, _frame: FrameType | None) -> None:
        """Ctrl-Z: the terminal goes back before we stand still, and is ours again with `fg`."""
        self._give_back()
        os.kill(os.getpid(), signal.SIGSTOP)
        self._take()
        self._resized(_number, _frame)


def _ended(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
