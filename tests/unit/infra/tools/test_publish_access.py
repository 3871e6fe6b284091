"""Publish access: each function may publish to the topics that its code uses, and no others."""

from __future__ import annotations

import re

import pytest

from infra.tools.access import accepts_envelopes
from shared.pipeline import FUNCTIONS, RECIPES, Function, FunctionKind, find_consumer
from tests.unit.infra.tools.function_code import code

ROWS = list(FUNCTIONS.values())
EACH = pytest.mark.parametrize("function", ROWS, ids=lambda row: row.name)
ACCEPTS_ENVELOPES = {row.name for row in ROWS if accepts_envelopes(row)}


@EACH
def test_stages_publish_to_themselves_next_stages_and_notification(
    function: Function,
) -> None:
    if function.kind is not FunctionKind.PIPELINE or function.name == "notification":
        return
    targets = {function.name, "notification"}
    for recipe in RECIPES.values():
        if function.name in recipe.result_stages:
            targets |= {
                recipe.next_stage(function.name) or function.name,
                find_consumer(function.name, recipe) or function.name,
            }
    assert set(function.access.publish) == targets


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
