"""Publish access: each function may publish to the topics that its code uses, and no others."""

from __future__ import annotations

import re

import pytest

from infra.tools.access import accepts_envelopes
from shared.pipeline import FUNCTIONS, PIPELINE_STAGES, Function, FunctionKind
from tests.unit.infra.tools.function_code import code

ROWS = list(FUNCTIONS.values())
EACH = pytest.mark.parametrize("function", ROWS, ids=lambda row: row.name)
ACCEPTS_ENVELOPES = {row.name for row in ROWS if accepts_envelopes(row)}


@EACH
def test_stages_may_publish_to_every_stage(function: Function) -> None:
    """A stage that ends a job starts the owner's next one, which may be at any of its stages. The
    start is an event. The last one starts the delivery of the results too."""
    if function.kind is FunctionKind.PIPELINE:
        delivery = {"result_delivery"} if function.reports_outcome else set()
        assert set(function.access.publish) == {*PIPELINE_STAGES, "webhook"} | delivery


@EACH
def test_functions_publish_only_to_topics_that_accept_envelopes(function: Function) -> None:
    assert set(function.access.publish) <= ACCEPTS_ENVELOPES
    assert len(set(function.access.publish)) == len(function.access.publish)


def test_functions_that_restart_jobs_may_publish_to_all_topics() -> None:
    restarting = {
        row.name
        for row in ROWS
        if re.search(
            r"\b(dead_letter_function|sweeper_function)\(|\b(redrive\.redrive|cancel\.cancel)\(",
            code(row),
        )
    }
    publishing_to_all = {row.name for row in ROWS if set(row.access.publish) == ACCEPTS_ENVELOPES}
    assert publishing_to_all == restarting
    assert publishing_to_all >= {"dead_letter", "sweeper", "api"}
