"""Folders and ports of a local suite. All ports are derived from one base."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.pipeline import FUNCTIONS

ROOT = Path(__file__).resolve().parents[3]
LOCAL = ROOT / ".local"
PROJECT = "demo-moodreel"
"""The prefix `demo-` keeps Firebase's tools from accessing a real project."""
HOST = "127.0.0.1"
DEFAULT_BASE = 8600
PORTS_PER_SUITE = 40
"""Number of ports of a suite. The bases of two suites must be at least this far apart."""

SUPPORT_SERVICES = (
    "firestore", "pubsub", "auth", "gcs", "smtp", "mails", "control", "tts", "push", "gemini",
    "stt",
)  # fmt: skip
FUNCTION_PORT_OFFSET = 11


class SetupError(Exception):
    """A command of the local suite failed. The text is a message for the user."""


@dataclass(frozen=True)
class SuiteLayout:
    """The port block of a suite and its folder `.local/suite-<base>`."""

    base: int

    @classmethod
    def from_env(cls) -> SuiteLayout:
        """Returns the layout for MOODREEL_PORT_BASE (default 8600). Raises SetupError when the
        value is invalid."""
        text = os.environ.get("MOODREEL_PORT_BASE", "") or str(DEFAULT_BASE)
        if not text.isdigit() or not 1024 <= int(text) <= 65535 - PORTS_PER_SUITE:
            raise SetupError(
                f"MOODREEL_PORT_BASE must be a port from 1024 to {65535 - PORTS_PER_SUITE}, "
                f"not {text!r}."
            )
        return cls(int(text))

    def port(self, name: str) -> int:
        """Returns the port of a support service or a function, by its position in the table."""
        if name in SUPPORT_SERVICES:
            return self.base + SUPPORT_SERVICES.index(name)
        return self.base + FUNCTION_PORT_OFFSET + list(FUNCTIONS).index(name)

    def url(self, name: str) -> str:
        """Returns the URL of a service, without a trailing slash."""
        return f"http://{HOST}:{self.port(name)}"

    @property
    def folder(self) -> Path:
        """The folder for state and logs."""
        return LOCAL / f"suite-{self.base}"

    @property
    def logs(self) -> Path:
        """The folder of the logs, one file per service."""
        return self.folder / "logs"

    @property
    def state_file(self) -> Path:
        """The state file: written by the runner, read by status, stop, run and the tests."""
        return self.folder / "suite.json"

    def read_state(self) -> dict[str, Any] | None:
        """Returns the content of the state file, or None when it is missing or invalid."""
        try:
            state = json.loads(self.state_file.read_text())
        except (OSError, ValueError):
            return None
        return state if isinstance(state, dict) else None

    def write_state(self, state: dict[str, Any]) -> None:
        """Replaces the state file atomically. It has mode 0600 because it holds the control
        token."""
        self.folder.mkdir(parents=True, exist_ok=True)
        temporary_file = self.state_file.with_suffix(".new")
        temporary_file.touch(mode=0o600)
        temporary_file.write_text(json.dumps(state, indent=2))
        temporary_file.replace(self.state_file)
