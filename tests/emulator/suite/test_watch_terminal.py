"""The terminal that `emulator.sh watch` uses: its size, its keys, and its settings on exit."""

from __future__ import annotations

import codecs
import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator

import pytest

from infra.local.suite.handle import SuiteHandle, wait_until
from infra.local.suite.layout import SuiteLayout
from infra.local.watch.text import display_width
from tests.fixtures.suite.command import emulator_command

pytestmark = pytest.mark.suite

END_OF_FRAME = "\x1b[J"


_START_AS_SHELL_DOES = """
import fcntl, os, signal, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
    signal.signal(number, signal.SIG_DFL)
os.execvp(sys.argv[1], sys.argv[1:])
"""
"""Starts a command as an interactive shell does: with a controlling terminal and the default action
for signals that the parent may ignore (nohup, a background job of a script). `preexec_fn` could do
the same, but deadlocks in a process with threads."""


class Terminal:
    """A pseudo-terminal in which `watch` runs."""

    def __init__(self, layout: SuiteLayout) -> None:
        self._test_end, program_end = pty.openpty()
        # More lines than a frame has: a frame that fills the screen ends without END_OF_FRAME.
        self.resize(100, 90)
        command, env = emulator_command(layout, "watch", "--every", "3600")
        # A parent that has loaded readline exports these to its children.
        env |= {"COLUMNS": "80", "LINES": "24"}
        self.initial_settings = termios.tcgetattr(program_end)
        self.process = subprocess.Popen(
            [sys.executable, "-c", _START_AS_SHELL_DOES, *command],
            env=env,
            stdin=program_end,
            stdout=program_end,
            stderr=program_end,
            start_new_session=True,
        )
        self._program_end = program_end
        os.set_blocking(self._test_end, False)
        self._output = ""
        # A read may end within a character.
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def resize(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self._test_end, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def type(self, keys: str) -> None:
        os.write(self._test_end, keys.encode())

    def read_until(self, text: str) -> str:
        """Waits for `text`. Returns the output since the last call."""

        def read() -> bool:
            try:
                self._output += self._decoder.decode(os.read(self._test_end, 1 << 16))
            except BlockingIOError:
                return False
            return text in self._output

        wait_until(read, f"{text!r} on the terminal", interval_s=0.02)
        output, self._output = self._output, ""
        return output

    @property
    def settings(self) -> list[object]:
        return termios.tcgetattr(self._program_end)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._test_end)
        os.close(self._program_end)


@pytest.fixture
def terminal(suite: SuiteHandle) -> Iterator[Terminal]:
    terminal = Terminal(suite.layout)
    yield terminal
    terminal.close()


def widest_row(drawn: str) -> int:
    """Returns the width of the widest row of a frame, in columns."""
    rows = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", drawn).replace("\r", "").split("\n")
    return max(map(display_width, rows))


def test_resize_redraws_at_once(terminal: Terminal) -> None:
    terminal.read_until(END_OF_FRAME)

    terminal.resize(40, 90)

    # The next refresh is an hour away.
    drawn = terminal.read_until(END_OF_FRAME)
    assert widest_row(drawn) <= 40


@pytest.mark.parametrize(
    ("quit_with", "status"), [("\x03", 0), ("q", 0), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_watch_restores_the_terminal_on_exit(
    terminal: Terminal, quit_with: str | signal.Signals, status: int
) -> None:
    terminal.read_until("Moodreel")
    assert terminal.settings != terminal.initial_settings

    if isinstance(quit_with, str):
        terminal.type(quit_with)
    else:
        terminal.process.send_signal(quit_with)

    assert terminal.process.wait(120) == status
    output = terminal.read_until("\x1b[?1049l")
    assert "\x1b[?25h" in output, "the cursor is still hidden"
    assert "\x1b[?7h" in output, "line wrapping is still off"
    assert "Traceback" not in output
    assert terminal.settings == terminal.initial_settings
