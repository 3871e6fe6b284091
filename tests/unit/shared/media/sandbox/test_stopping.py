"""Work that must stop ends with the error of its check, whatever the process does."""

from __future__ import annotations

import ast
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from infra.local.suite.layout import ROOT
from shared.entrypoints.stage import UnitContext
from shared.errors import MoodreelError
from shared.media.images.image_decoder import ImageDecoder
from shared.media.sandbox.child import Limits
from shared.media.sandbox.run import run_in_sandbox
from shared.media.sandbox.source import Source
from shared.runtime.leases import UnitLease
from shared.tasks.errors import DeadlineNear, LeaseLost
from tests.fixtures.media import sandbox_functions
from tests.fixtures.media.sandbox_work import Function, to_work

LIMITS = Limits(cpu_s=20, memory_mb=300)
STARTERS = ("run_in_sandbox", "iterate_in_sandbox", "ImageDecoder")
"""The calls that start a sandbox process."""


class _Deadline:
    """A check that raises some time after the process has reported its id. The first calls are
    those of the thread that serves the process, before the process blocks it."""

    def __init__(self) -> None:
        self.pids = list[int]()
        self._call_count = 0

    def check(self) -> None:
        self._call_count += bool(self.pids)
        if self._call_count > 5:
            raise DeadlineNear


@pytest.mark.parametrize(
    "function",
    [
        sandbox_functions.send_header_only,
        sandbox_functions.send_half_a_message,
        sandbox_functions.read_no_response,
        sandbox_functions.sleep_long,
    ],
)
def test_process_that_blocks_its_parent_is_killed_at_the_deadline(function: Function) -> None:
    deadline = _Deadline()
    with pytest.raises(DeadlineNear):
        run_in_sandbox(
            to_work(function),
            source=Source.from_bytes(bytes(8 << 20)),
            limits=LIMITS,
            sink=io.BytesIO(),
            on_progress=deadline.pids.append,
            check=deadline.check,
        )
    assert not Path(f"/proc/{deadline.pids[0]}").exists()


@pytest.mark.parametrize(
    "function",
    [sandbox_functions.send_half_a_message_and_exit, sandbox_functions.send_too_long_message],
)
def test_incomplete_or_too_long_message_is_reported(function: Function) -> None:
    with pytest.raises(RuntimeError, match="sent an incomplete or too long message"):
        run_in_sandbox(to_work(function), source=Source.from_bytes(b""), limits=LIMITS)


@pytest.mark.parametrize(
    ("is_lost", "deadline", "error"),
    [(True, 1e12, LeaseLost), (False, 0.0, DeadlineNear), (True, 0.0, LeaseLost)],
)
def test_decoding_of_images_ends_with_the_reason(
    *, is_lost: bool, deadline: float, error: type[MoodreelError]
) -> None:
    nothing: Any = None
    lease = UnitLease(nothing, deadline)
    if is_lost:
        lease.lost.set()
    _, data = cv2.imencode(".png", np.zeros((4, 4, 3), np.uint8))
    context = UnitContext(lease, nothing, nothing)
    with ImageDecoder(LIMITS, context.check) as decoder, pytest.raises(error):
        decoder.decode(data.tobytes())


def test_every_function_stops_its_processes() -> None:
    checks = dict(_find_checks())
    assert len(checks) >= 12, "fewer mean that the calls are not found"
    assert {call: check for call, check in checks.items() if not check.endswith("check")} == {}


def _find_checks() -> Iterator[tuple[str, str]]:
    """Yields the place of each call of STARTERS in the functions, and the check that it passes."""
    for path in (ROOT / "functions").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in STARTERS:
                named = [item.value for item in node.keywords if item.arg == "check"]
                place = f"{path.relative_to(ROOT)}:{node.lineno}"
                yield place, ast.unparse((named or node.args)[-1])
