"""The terminal of `watch`: redraws in place and restores the terminal on exit."""

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
"""Switch to the alternate screen without cursor and line wrap, and back."""
_HOME, _CLEAR_LINE, _NEXT_LINE, _CLEAR_REST = "\x1b[H", "\x1b[2K", "\r\n", "\x1b[J"
_QUIT = ("q", "Q", "\x03", "\x04")


def watch(args: argparse.Namespace) -> int:
    """Shows the pipeline until Ctrl-C or `q`. With --once or without a terminal, prints it once."""
    layout = SuiteLayout.from_env()
    reader = SnapshotReader(layout)
    if args.once or not sys.stdout.isatty():
        snapshot = reader.read()
        width = shutil.get_terminal_size((100, 0)).columns
        styled = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        for line in draw_snapshot(snapshot, layout.base, width, None):
            print(render_line(line, styled=styled))
        return 0 if snapshot else 1
    # Ctrl-C is the normal way to quit, not an error.
    with contextlib.suppress(KeyboardInterrupt), _Screen() as screen:
        while True:
            snapshot = reader.read()
            next_read_at = time.monotonic() + args.every
            while True:
                # A resize redraws the same snapshot: a new one takes seconds in a busy suite.
                size = screen.size()
                screen.draw(draw_snapshot(snapshot, layout.base, size.columns, size.lines))
                if screen.wait(next_read_at - time.monotonic()):
                    return 0
                if time.monotonic() >= next_read_at:
                    break
    return 0


class _Screen:
    """Takes over the terminal inside the block. Signals that end the process exit the block."""

    def __enter__(self) -> _Screen:
        self._stdin = sys.stdin.fileno() if sys.stdin.isatty() else None
        self._terminal_settings = (
            termios.tcgetattr(self._stdin) if self._stdin is not None else None
        )
        self._wake_reader, self._wake_writer = os.pipe()
        os.set_blocking(self._wake_writer, False)
        self._handlers = {
            number: signal.signal(number, handle)
            for number, handle in (
                (signal.SIGWINCH, self._on_resize),
                (signal.SIGTSTP, self._on_suspend),
                # A script's background job inherits an ignored SIGINT, and Python keeps it ignored.
                (signal.SIGINT, signal.default_int_handler),
                (signal.SIGTERM, _exit_on_signal),
                (signal.SIGHUP, _exit_on_signal),
            )
        }
        self._enter()
        return self

    def __exit__(self, *_: object) -> None:
        for number, handle in self._handlers.items():
            signal.signal(number, handle)
        with contextlib.suppress(OSError):  # the terminal may be closed
            self._restore()
        os.close(self._wake_reader)
        os.close(self._wake_writer)

    def size(self) -> os.terminal_size:
        """Returns the current size. COLUMNS and LINES, which children inherit, may be outdated."""
        return os.get_terminal_size(sys.stdout.fileno())

    def draw(self, lines: list[Line]) -> None:
        """Replaces the screen in one write, to avoid flicker."""
        styled = "NO_COLOR" not in os.environ
        # Each line is cleared first: clearing after a full line would erase its last character.
        rows = [_CLEAR_LINE + render_line(line, styled=styled) for line in lines]
        rest = _NEXT_LINE + _CLEAR_REST if len(lines) < self.size().lines else ""
        sys.stdout.write(_HOME + _NEXT_LINE.join(rows) + rest)
        sys.stdout.flush()

    def wait(self, seconds: float) -> bool:
        """Waits for `seconds` or a resize. Returns True when a key to quit was pressed."""
        deadline = time.monotonic() + seconds
        descriptors = [self._wake_reader, *([self._stdin] if self._stdin is not None else [])]
        while (remaining_s := deadline - time.monotonic()) > 0:
            ready, _, _ = select.select(descriptors, [], [], remaining_s)
            if self._stdin in ready and self._stdin is not None:
                keys = os.read(self._stdin, 64).decode(errors="replace")
                if not keys or any(key in _QUIT for key in keys):
                    return True
            if self._wake_reader in ready:
                os.read(self._wake_reader, 64)
                return False
        return False

    def _enter(self) -> None:
        if self._stdin is not None:
            tty.setcbreak(self._stdin)
        sys.stdout.write(_SCREEN_ON)
        sys.stdout.flush()

    def _restore(self) -> None:
        if self._stdin is not None and self._terminal_settings is not None:
            termios.tcsetattr(self._stdin, termios.TCSADRAIN, self._terminal_settings)
        sys.stdout.write(_SCREEN_OFF)
        sys.stdout.flush()

    def _on_resize(self, _number: int, _frame: FrameType | None) -> None:
        with contextlib.suppress(BlockingIOError):
            os.write(self._wake_writer, b".")

    def _on_suspend(self, _number: int, _frame: FrameType | None) -> None:
        """Ctrl-Z: restores the terminal before the process stops, and takes it over after `fg`."""
        self._restore()
        os.kill(os.getpid(), signal.SIGSTOP)
        self._enter()
        self._on_resize(_number, _frame)


def _exit_on_signal(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
