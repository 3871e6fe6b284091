"""The table: its values are possible and complete, and no function triggers itself."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from shared.pipeline import (
    BUSY_WAIT_S,
    FUNCTIONS,
    JOBS_PER_OWNER,
    LEASE_S,
    MAX_INSTANCES,
    MAX_WINDOWS,
    PARTS_IN_FLIGHT,
    PIPELINE_STAGES,
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
EACH_FUNCTION = pytest.mark.parametrize("function", FUNCTIONS.values(), ids=lambda row: row.name)
EACH_RECIPE = pytest.mark.parametrize("recipe", RECIPES.values(), ids=lambda row: row.name)


@EACH_FUNCTION
def test_every_function_has_its_code_and_its_lock_file(function: Function) -> None:
    folder = FUNCTIONS_FOLDER / function.name
    assert (folder / "main.py").is_file()
    assert (folder / "requirements.txt").is_file()


def test_every_function_folder_has_a_row() -> None:
    folders = {path.parent.name for path in FUNCTIONS_FOLDER.glob("*/main.py")}
    assert folders <= set(FUNCTIONS)


@EACH_FUNCTION
def test_values_are_within_the_limits_of_the_platform(function: Function) -> None:
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


@EACH_FUNCTION
def test_deliveries_of_tasks_outlast_a_lease_that_is_not_renewed(function: Function) -> None:
    """Otherwise a crash would dead-letter a healthy task before its lease expires. The messages of
    units may be dead-lettered at any time: dead_letter announces an open unit again."""
    if function.is_event_driven and function.task_collection:
        refusals = function.max_deliveries - function.max_attempts
        assert refusals * BUSY_WAIT_S >= 2 * LEASE_S


@EACH_FUNCTION
def test_backoff_of_pubsub_outlasts_a_lease_before_a_message_is_dead_lettered(
    function: Function,
) -> None:
    """A delivery of a unit that another worker holds is rejected at once."""
    if function.is_event_driven:
        waits = [function.backoff(delivery) for delivery in range(1, function.max_deliveries)]
        assert sum(waits) >= 2 * LEASE_S


def test_an_owner_uses_at_most_half_of_the_instances_of_a_function() -> None:
    assert 0 < JOBS_PER_OWNER * PARTS_IN_FLIGHT <= MAX_INSTANCES // 2


def test_terraform_deploys_the_instances_that_the_limits_of_an_owner_assume() -> None:
    text = (FUNCTIONS_FOLDER.parent / "infra" / "terraform" / "variables.tf").read_text()
    match = re.search(r'^variable "max_instances" {.*?^ +default += (\d+)$', text, re.M | re.S)
    assert match is not None
    assert int(match[1]) == MAX_INSTANCES


@EACH_FUNCTION
def test_all_attempts_together_outlast_a_lease(function: Function) -> None:
    waits = sum(function.backoff(attempt) for attempt in range(1, function.max_attempts))
    assert waits + LEASE_S * function.max_attempts > STALLED_S


def test_a_lease_survives_two_missed_renewals() -> None:
    assert RENEWALS_PER_LEASE >= 3
    assert STALLED_S >= 2 * LEASE_S


@EACH_FUNCTION
def test_no_function_writes_where_it_is_triggered(function: Function) -> None:
    if isinstance(function.trigger, FinalizeTrigger):
        trigger = function.trigger
        for bucket, prefix in function.writes:
            overlap = prefix.startswith(trigger.prefix) or trigger.prefix.startswith(prefix)
            assert bucket is not trigger.bucket or not overlap


def test_no_function_triggers_itself_through_others() -> None:
    """Follows every write to the functions that it triggers."""
    triggers = {
        row.name: {
            other.name
            for other in FUNCTIONS.values()
            if isinstance(other.trigger, FinalizeTrigger)
            for bucket, prefix in row.writes
            if bucket is other.trigger.bucket and prefix.startswith(other.trigger.prefix)
        }
        for row in FUNCTIONS.values()
    }
    for start in triggers:
        seen: set[str] = set()
        front = set(triggers[start])
        while front:
            seen |= front
            front = {name for previous in front for name in triggers[previous]} - seen
        assert start not in seen


@EACH_RECIPE
def test_stages_consume_what_earlier_stages_produce(recipe: Recipe) -> None:
    produced = {"upload", "outcome"}
    for name in recipe.stages:
        row = FUNCTIONS[name]
        missing = set(row.consumes) - produced
        if recipe.name == "still" and name == "stitching":
            missing -= {"deck", "narration"}  # a still is made from its inputs only
        assert not missing, f"{name} misses {missing}"
        produced |= set(row.produces)


@EACH_RECIPE
def test_recipes_start_with_upload_trigger_and_end_with_notification(recipe: Recipe) -> None:
    assert recipe.stages[0] == "upload_trigger"
    assert recipe.outcome_stage == "notification"
    assert [name for name in recipe.stages if FUNCTIONS[name].reports_outcome] == ["notification"]
    assert len(set(recipe.stages)) == len(recipe.stages)
    assert recipe.inputs


@EACH_RECIPE
def test_find_input_accepts_each_name_of_an_input(
    recipe: Recipe,
) -> None:
    names = [name for row in recipe.inputs for name in row.names]
    assert len(names) == len(set(names))
    for row in recipe.inputs:
        assert {recipe.find_input(name) for name in row.names} == {row}
        assert recipe.find_input(f"{row.name}99") is None


def test_pipeline_stages_are_the_eight_stages_of_recipes() -> None:
    assert len(PIPELINE_STAGES) == 8
    assert set(PIPELINE_STAGES) == {name for row in RECIPES.values() for name in row.stages}


@EACH_RECIPE
def test_deck_stage_and_later_stages_are_per_revision(
    recipe: Recipe,
) -> None:
    if recipe.deck_stage is not None:
        revised = {name for name in recipe.result_stages if FUNCTIONS[name].per_revision}
        assert revised == {recipe.deck_stage, *recipe.stages_after_deck}


def test_only_emotion_scoring_is_triggered_by_part_objects() -> None:
    assert find_producer("emotion_scoring") == "frame_extraction"
    assert find_consumer("frame_extraction", RECIPES["emotions"]) == "emotion_scoring"
    assert find_consumer("frame_extraction", RECIPES["frames"]) is None
    assert [name for name in FUNCTIONS if find_producer(name)] == ["emotion_scoring"]


@EACH_FUNCTION
def test_written_prefixes_can_be_purged(function: Function) -> None:
    for bucket, prefix in function.writes:
        assert prefix.endswith("/")
        assert isinstance(bucket, Bucket)


def test_packs_and_zip_directory_fit_into_one_compose() -> None:
    assert MAX_WINDOWS + 1 <= 32


def test_only_the_sweeper_is_scheduled() -> None:
    assert [row.name for row in FUNCTIONS.values() if isinstance(row.trigger, ScheduleTrigger)] == [
        "sweeper"
    ]


@EACH_RECIPE
def test_optional_stages_are_in_the_jobs_that_choose_them(recipe: Recipe) -> None:
    chosen = recipe.for_options({row.option: row.values[0] for row in recipe.optional_stages})
    assert recipe.for_options({}).stages == recipe.with_stages([]).stages == recipe.stages
    for row in recipe.optional_stages:
        at = chosen.stages.index(row.name)
        assert chosen.stages[at + 1] == row.before
        assert recipe.deck_stage is None or not FUNCTIONS[row.name].per_revision
    assert recipe.with_stages(chosen.stages) == chosen
    assert set(chosen.stages) - set(recipe.stages) == {row.name for row in recipe.optional_stages}
