"""A combination that does not end, or that ends its process, does not stop the others."""

from __future__ import annotations

import os
import threading

from tests.corpus.combinations.limited import CaseNotFinishedError, run_limited


def work(seed: int, number: int) -> int:
    if number == 1:
        threading.Event().wait()
    if number == 2:
        os._exit(1)
    return seed + number


def test_cases_after_one_that_ends_its_process_are_run() -> None:
    results = dict(run_limited(work, 10, (0, 2, 3), processes=1))

    assert (results[0], results[3]) == (10, 13)
    assert isinstance(results[2], CaseNotFinishedError)
    assert "the process died" in str(results[2])


def test_case_that_does_not_end_is_stopped() -> None:
    ((_, result),) = run_limited(work, 10, [1], processes=1, limit_s=0.5)

    assert isinstance(result, CaseNotFinishedError)
    assert "no result after 0.5 s" in str(result)
