"""The table proves itself: what it says is possible, complete, and wakes nothing twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.pipeline import (
    BUSY_WAIT_S,
    FUNCTIONS,
    LEASE_S,
    MAX_WINDOWS,
    RECIPES,
    RENEWALS_PER_LEASE,
    STALLED_S,
    Bucket,
    FinalizeTrigger,
    Function,
    FunctionKind,
    Recipe,
    ScheduleTrigger,
    find_consumer,
    find_producer,
)

FUNCTIONS_FOLDER = Path(__file__).parents[3] / "functions"
EACH_STAGE = pytest.mark.parametrize("function", FUNCTIONS.values(), ids=lambda row: row.name)
EACH_RECIPE = pytest.mark.parametrize("recipe", RECIPES.values(), ids=lambda one: one.name)


@EACH_STAGE
def test_a_row_is_built_exactly_when_its_function_stands_in_the_tree(function: Function) -> None:
    main = FUNCTIONS_FOLDER / function.name / "main.py"
    assert function.is_built == main.is_file()
    if function.is_built:
        assert (main.parent / "requirements.txt").is_file()


def test_no_function_stands_in_the_tree_without_a_row() -> None:
    folders = {one.name for one in FUNCTIONS_FOLDER.iterdir() if (one / "main.py").is_file()}
    assert folders <= set(FUNCTIONS)


@EACH_STAGE
def test_the_platform_accepts_the_row(function: Function) -> None:
    assert 0 < function.timeout_s <= (3600 if function.kind is FunctionKind.HTTPS else 540)
    if function.is_event_driven:
        assert function.timeout_s < function.ack_deadline_s <= 600
        assert function.soft_deadline_s < function.timeout_s
        assert 5 <= function.max_deliveries <= 100
        low, high = function.backoff_s
        assert 0 < low <= high <= 600
    assert 6 <= len(function.service_account) <= 30
    assert function.memory_mb >= 128
    assert function.concurrency >= 1


@EACH_STAGE
def test_a_delivery_outlasts_a_lease_that_nobody_renews(function: Function) -> None:
    """Otherwise a crash would dead-letter a healthy unit while its lease still runs."""
    if function.is_event_driven:
        refused_while_leased = function.max_deliveries - function.max_attempts
        assert refused_while_leased * BUSY_WAIT_S >= 2 * LEASE_S


@EACH_STAGE
def test_all_attempts_together_outlast_a_lease(function: Function) -> None:
    waits = sum(function.backoff(attempt) for attempt in range(1, function.max_attempts))
    assert waits + LEASE_S * function.max_attempts > STALLED_S


def test_a_lease_survives_two_missed_renewals() -> None:
    assert RENEWALS_PER_LEASE >= 3
    assert STALLED_S >= 2 * LEASE_S


@EACH_STAGE
def test_no_function_writes_where_it_is_woken(function: Function) -> None:
    if isinstance(function.trigger, FinalizeTrigger):
        woken_by = function.trigger
        for bucket, prefix in function.writes:
            overlap = prefix.startswith(woken_by.prefix) or woken_by.prefix.startswith(prefix)
            assert bucket is not woken_by.bucket or not overlap


def test_nothing_wakes_itself_along_the_way() -> None:
    """Follow every write to whom it wakes: no way leads back."""
    wakes = {
        row.name: {
            other.name
            for other in FUNCTIONS.values()
            if isinstance(other.trigger, FinalizeTrigger)
            for bucket, prefix in row.writes
            if bucket is other.trigger.bucket and prefix.startswith(other.trigger.prefix)
        }
        for row in FUNCTIONS.values()
    }
    for start in wakes:
        seen: set[str] = set()
        front = set(wakes[start])
        while front:
            seen |= front
            front = {further for one in front for further in wakes[one]} - seen
        assert start not in seen


@EACH_RECIPE
def test_everything_that_is_consumed_is_produced_upstream(recipe: Recipe) -> None:
    produced = {"upload", "outcome"}
    for name in recipe.stages:
        row = FUNCTIONS[name]
        missing = set(row.consumes) - produced
        if recipe.name == "still" and name == "stitching":
            missing -= {"deck", "narration"}  # a still is stitched from its inputs alone
        assert not missing, f"{name} misses {missing}"
        produced |= set(row.produces)


@EACH_RECIPE
def test_a_recipe_begins_with_the_upload_and_ends_with_the_notification(recipe: Recipe) -> None:
    assert recipe.stages[0] == "upload_trigger"
    assert recipe.stages[-1] == "notification"
    assert len(set(recipe.stages)) == len(recipe.stages)
    assert recipe.inputs


@EACH_RECIPE
def test_a_recipe_is_available_exactly_when_all_its_stages_are_built(recipe: Recipe) -> None:
    assert recipe.is_available == all(FUNCTIONS[name].is_built for name in recipe.stages)


@EACH_RECIPE
def test_an_input_of_which_there_may_be_several_is_found_by_each_of_its_names(
    recipe: Recipe,
) -> None:
    names = [name for one in recipe.inputs for name in one.names]
    assert len(names) == len(set(names))
    for one in recipe.inputs:
        assert {recipe.find_input(name) for name in one.names} == {one}
        assert recipe.find_input(f"{one.name}99") is None


@EACH_RECIPE
def test_what_follows_the_deck_runs_again_under_a_revision_and_nothing_else_does(
    recipe: Recipe,
) -> None:
    if recipe.deck_stage is not None:
        again = {name for name in recipe.result_stages if FUNCTIONS[name].per_revision}
        assert again == {recipe.deck_stage, *recipe.stages_after_deck}


def test_packs_wake_scoring_and_nothing_else_is_woken_by_parts() -> None:
    assert find_producer("emotion_scoring") == "frame_extraction"
    assert find_consumer("frame_extraction", RECIPES["emotions"]) == "emotion_scoring"
    assert find_consumer("frame_extraction", RECIPES["frames"]) is None
    assert [name for name in FUNCTIONS if find_producer(name)] == ["emotion_scoring"]


@EACH_STAGE
def test_what_is_written_below_a_job_can_be_purged_by_prefix(function: Function) -> None:
    for bucket, prefix in function.writes:
        assert prefix.endswith("/")
        assert isinstance(bucket, Bucket)


def test_packs_and_their_directory_fit_into_one_compose() -> None:
    assert MAX_WINDOWS + 1 <= 32


def test_only_the_sweeper_is_woken_by_the_clock() -> None:
    assert [row.name for row in FUNCTIONS.values() if isinstance(row.trigger, ScheduleTrigger)] == [
        "sweeper"
    ]
