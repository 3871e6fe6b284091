"""Where the local cloud keeps things, and which port is whose. All ports come from one base."""

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
"""The prefix `demo-` makes Firebase's tools refuse to touch a real project."""
HOST = "127.0.0.1"
DEFAULT_BASE = 8600
PORTS_PER_SUITE = 40
"""Ports from the base on that a suite may use: bases of two suites lie at least this far apart."""

SUPPORT_SERVICES = (
    "firestore", "pubsub", "auth", "gcs", "smtp", "mails", "control", "tts", "push", "gemini",
)  # fmt: skip
FUNCTION_PORT_OFFSET = 10


class SetupError(Exception):
    """The local cloud cannot do what was asked; the text is a sentence for the person."""


@dataclass(frozen=True)
class SuiteLayout:
    """One suite: its port block and its folder `.local/suite-<base>`."""

    base: int

    @classmethod
    def from_env(cls) -> SuiteLayout:
        """The suite that MOODREEL_PORT_BASE names (default 8600)."""
        text = os.environ.get("MOODREEL_PORT_BASE", "") or str(DEFAULT_BASE)
        if not text.isdigit() or not 1024 <= int(text) <= 65535 - PORTS_PER_SUITE:
            raise SetupError(
                f"MOODREEL_PORT_BASE must be a port from 1024 to {65535 - PORTS_PER_SUITE}, "
                f"not {text!r}."
            )
        return cls(int(text))

    def port(self, name: str) -> int:
        """The port of a support service or a function, by its place in the table."""
        if name in SUPPORT_SERVICES:
            return self.base + SUPPORT_SERVICES.index(name)
        return self.base + FUNCTION_PORT_OFFSET + list(FUNCTIONS).index(name)

    def url(self, name: str) -> str:
        """Where it answers, without a trailing slash."""
        return f"http://{HOST}:{self.port(name)}"

    @property
    def folder(self) -> Path:
        """State and logs of this suite."""
        return LOCAL / f"suite-{self.base}"

    @property
    def logs(self) -> Path:
        """One file a service."""
        return self.folder / "logs"

    @property
    def state_file(self) -> Path:
        """What runs: written by the runner, read by status, stop, run and the tests."""
        return self.folder / "suite.json"

    def read_state(self) -> dict[str, Any] | None:
        """The state file's content, or None when there is none that can be read."""
        try:
            state = json.loads(self.state_file.read_text())
        except (OSError, ValueError):
            return None
        return state if isinstance(state, dict) else None

    def write_state(self, state: dict[str, Any]) -> None:
        """Replace the state file in one step; it holds the control token, so only we may read."""
        self.folder.mkdir(parents=True, exist_ok=True)
        draft = self.state_file.with_suffix(".new")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(state, indent=2))
        draft.replace(self.state_file)
