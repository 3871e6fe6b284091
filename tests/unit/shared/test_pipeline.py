"""The table proves itself: what it says is possible, complete, and wakes nothing twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.pipeline import (
    BUSY_WAIT_S,
    LEASE_S,
    MAX_WINDOWS,
    RECIPES,
    RENEWALS,
    STAGES,
    STALLED_S,
    Bucket,
    Finalized,
    Kind,
    Recipe,
    Schedule,
    Stage,
    feeds,
    woken_by_result_of,
)

FUNCTIONS = Path(__file__).parents[3] / "functions"
EACH_STAGE = pytest.mark.parametrize("row", STAGES.values(), ids=lambda row: row.name)
EACH_RECIPE = pytest.mark.parametrize("recipe", RECIPES.values(), ids=lambda one: one.name)


@EACH_STAGE
def test_a_row_is_built_exactly_when_its_function_stands_in_the_tree(row: Stage) -> None:
    main = FUNCTIONS / row.name / "main.py"
    assert row.built == main.is_file()
    if row.built:
        assert (main.parent / "requirements.txt").is_file()


def test_no_function_stands_in_the_tree_without_a_row() -> None:
    folders = {one.name for one in FUNCTIONS.iterdir() if (one / "main.py").is_file()}
    assert folders <= set(STAGES)


@EACH_STAGE
def test_the_platform_accepts_the_row(row: Stage) -> None:
    assert 0 < row.timeout_s <= (3600 if row.kind is Kind.HTTPS else 540)
    if row.event_driven:
        assert row.timeout_s < row.ack_deadline_s <= 600
        assert row.soft_deadline_s < row.timeout_s
        assert 5 <= row.deliveries <= 100
        low, high = row.backoff_s
        assert 0 < low <= high <= 600
    assert 6 <= len(row.service_account) <= 30
    assert row.memory_mb >= 128
    assert row.concurrency >= 1


@EACH_STAGE
def test_a_delivery_outlasts_a_lease_that_nobody_renews(row: Stage) -> None:
    """Otherwise a crash would dead-letter a healthy unit while its lease still runs."""
    if row.event_driven:
        refused_while_leased = row.deliveries - row.attempts
        assert refused_while_leased * BUSY_WAIT_S >= 2 * LEASE_S


@EACH_STAGE
def test_all_attempts_together_outlast_a_lease(row: Stage) -> None:
    waits = sum(row.backoff(attempt) for attempt in range(1, row.attempts))
    assert waits + LEASE_S * row.attempts > STALLED_S


def test_a_lease_survives_two_missed_renewals() -> None:
    assert RENEWALS >= 3
    assert STALLED_S >= 2 * LEASE_S


@EACH_STAGE
def test_no_function_writes_where_it_is_woken(row: Stage) -> None:
    if isinstance(row.trigger, Finalized):
        woken_by = row.trigger
        for bucket, prefix in row.writes:
            overlap = prefix.startswith(woken_by.prefix) or woken_by.prefix.startswith(prefix)
            assert bucket is not woken_by.bucket or not overlap


def test_nothing_wakes_itself_along_the_way() -> None:
    """Follow every write to whom it wakes: no way leads back."""
    wakes = {
        row.name: {
            other.name
            for other in STAGES.values()
            if isinstance(other.trigger, Finalized)
            for bucket, prefix in row.writes
            if bucket is other.trigger.bucket and prefix.startswith(other.trigger.prefix)
        }
        for row in STAGES.values()
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
        row = STAGES[name]
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
    assert recipe.available == all(STAGES[name].built for name in recipe.stages)


@EACH_RECIPE
def test_an_input_of_which_there_may_be_several_is_found_by_each_of_its_names(
    recipe: Recipe,
) -> None:
    names = [name for one in recipe.inputs for name in one.names]
    assert len(names) == len(set(names))
    for one in recipe.inputs:
        assert {recipe.input(name) for name in one.names} == {one}
        assert recipe.input(f"{one.name}99") is None


@EACH_RECIPE
def test_what_follows_the_deck_runs_again_under_a_revision_and_nothing_else_does(
    recipe: Recipe,
) -> None:
    if recipe.deck_stage is not None:
        again = {name for name in recipe.media_stages if STAGES[name].per_revision}
        assert again == {recipe.deck_stage, *recipe.after_deck}


def test_packs_wake_scoring_and_nothing_else_is_woken_by_parts() -> None:
    assert woken_by_result_of("emotion_scoring") == "frame_extraction"
    assert feeds("frame_extraction", RECIPES["emotions"]) == "emotion_scoring"
    assert feeds("frame_extraction", RECIPES["frames"]) is None
    assert [name for name in STAGES if woken_by_result_of(name)] == ["emotion_scoring"]


@EACH_STAGE
def test_what_is_written_below_a_job_can_be_purged_by_prefix(row: Stage) -> None:
    for bucket, prefix in row.writes:
        assert prefix.endswith("/")
        assert isinstance(bucket, Bucket)


def test_packs_and_their_directory_fit_into_one_compose() -> None:
    assert MAX_WINDOWS + 1 <= 32


def test_only_the_sweeper_is_woken_by_the_clock() -> None:
    assert [row.name for row in STAGES.values() if isinstance(row.trigger, Schedule)] == ["sweeper"]
