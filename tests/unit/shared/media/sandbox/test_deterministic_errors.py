"""Errors of the work that another attempt would repeat, and those that it might not."""

from __future__ import annotations

import logging

import pytest

from shared.errors import PermanentError
from shared.media.errors import ProcessingFailed
from shared.media.sandbox.child import Limits, Work
from shared.media.sandbox.run import run_in_sandbox
from shared.media.sandbox.source import Source
from tests.fixtures.media import sandbox_functions

LIMITS = Limits(cpu_s=30, memory_mb=400)


def _run_raising(kind: str) -> None:
    work = Work(sandbox_functions.__name__, sandbox_functions.raise_named.__name__)
    run_in_sandbox(work, kind, source=Source.from_bytes(b"1"), limits=LIMITS)


@pytest.mark.parametrize(
    "kind", ["ValueError", "ZeroDivisionError", "IndexError", "TypeError", "cv2.error", "nested"]
)
def test_error_that_depends_on_the_input_is_permanent(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR), pytest.raises(ProcessingFailed) as caught:
        _run_raising(kind)
    assert isinstance(caught.value, PermanentError)
    assert caught.value.code == "processing-failed"
    # The traceback is for the operator only.
    assert str(caught.value) == ProcessingFailed.default_message()
    assert "sandbox_functions.py" in caplog.text


@pytest.mark.parametrize("kind", ["OSError", "RuntimeError", "BlockingIOError", "nested OSError"])
def test_error_that_depends_on_the_machine_is_not(kind: str) -> None:
    with pytest.raises(RuntimeError, match=r"sandbox_functions\.py"):
        _run_raising(kind)


@pytest.mark.parametrize(
    ("work", "name"),
    [
        (Work("no.such.module", "f"), "No module named 'no'"),
        (Work(sandbox_functions.__name__, "no_such_function"), "no_such_function"),
    ],
)
def test_error_before_the_work_begins_is_not(work: Work, name: str) -> None:
    with pytest.raises(RuntimeError, match=name):
        run_in_sandbox(work, source=Source.from_bytes(b"1"), limits=LIMITS)
