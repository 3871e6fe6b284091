"""Random schedules of tasks. Every rule is needed: without it some schedule or test fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from shared.flows import effects
from shared.flows.documents import Put, Update
from shared.pipeline import FUNCTIONS
from shared.tasks import run, sweep
from shared.tasks.slots import Slot
from shared.tasks.task import due_tasks
from tests.fakes.simulation_tasks import schedule
from tests.unit.shared.tasks import test_slots, test_sweep

SCHEDULES = 300
Patch = pytest.MonkeyPatch
original_take = Slot.take


def slots_are_always_free(patch: Patch) -> None:
    patch.setattr(Slot, "is_free_for", lambda *_: True)


def slots_are_not_read(patch: Patch) -> None:
    def read_nothing(*_: Any) -> effects.Flow[None]:
        yield from ()

    patch.setattr(run, "read_slot", read_nothing)


def slots_are_taken_without_their_version(patch: Patch) -> None:
    def take(slot: Slot, *args: Any) -> Any:
        write = original_take(slot, *args)
        return Update(write.path, write.fields) if isinstance(write, Update) else write

    patch.setattr(Slot, "take", take)


def slots_are_never_freed(patch: Patch) -> None:
    patch.setattr(Slot, "release", lambda *_: ())


def slots_are_held_for_ever(patch: Patch) -> None:
    patch.setattr(
        Slot,
        "is_free_for",
        lambda slot, _task, now: slot.doc is None or slot.doc.data["taken_until"] == now,
    )


def waiting_tasks_are_not_announced(patch: Patch) -> None:
    def announce(*_: Any) -> effects.Flow[None]:
        yield from ()

    patch.setattr(run, "announce_waiting", announce)


def tasks_are_not_swept(patch: Patch) -> None:
    def sweep_kind(*_: Any) -> effects.Flow[int]:
        yield from ()
        return 0

    patch.setattr(sweep, "_sweep_kind", sweep_kind)


def owners_take_no_turns(patch: Patch) -> None:
    def sweep_owners(function: str, budget: sweep.Budget, clock: Any) -> effects.Flow[int]:
        count = 0
        while count < budget.max_tasks:
            collection = FUNCTIONS[function].task_collection
            docs = yield from effects.run_query(due_tasks(collection, clock.now()))
            if not docs:
                break
            yield from sweep._announce(function, docs, clock)
            count += len(docs)
        return count

    patch.setattr(sweep, "_sweep_owners", sweep_owners)


def kinds_share_one_budget(patch: Patch) -> None:
    patch.setattr(sweep, "BUDGETS", {"webhook": sweep.Budget(400, 30)})


def sweep_has_no_cursor(patch: Patch) -> None:
    patch.setattr(
        sweep, "Put", lambda path, _data: Put(path, {"last_owner": "", "expires_at": None})
    )


def sweeper_waits_equally_long(patch: Patch) -> None:
    patch.setattr(sweep, "MAX_RECHECK_S", sweep.RECHECK_S)


def dead_letter_always_publishes(patch: Patch) -> None:
    patch.setattr(run, "RECHECK_S", 0)


@pytest.mark.slow
@pytest.mark.parametrize(
    "remove_rule",
    [slots_are_always_free, slots_are_not_read,
     slots_are_taken_without_their_version, slots_are_held_for_ever,
     tasks_are_not_swept],
    ids=lambda rule: rule.__name__,
)  # fmt: skip
def test_removed_rule_violates_an_invariant(
    remove_rule: Callable[[Patch], None], monkeypatch: Patch
) -> None:
    with monkeypatch.context() as patch:
        remove_rule(patch)
        seed = _find_failing_seed()
    schedule.run_schedule(seed)  # With the rule, the same schedule violates no invariant.


@pytest.mark.parametrize(
    ("remove_rule", "test"),
    [
        (slots_are_never_freed, test_slots.test_waiting_deliveries_run_without_the_sweeper),
        (
            waiting_tasks_are_not_announced,
            test_slots.test_waiting_deliveries_run_without_the_sweeper,
        ),
        (
            owners_take_no_turns,
            test_sweep.test_deliveries_of_one_owner_do_not_delay_those_of_another,
        ),
        (
            kinds_share_one_budget,
            test_sweep.test_deliveries_of_one_owner_do_not_delay_a_recording_and_an_erasure,
        ),
        (sweep_has_no_cursor, test_sweep.test_next_sweep_continues_after_the_last_owner),
        (sweeper_waits_equally_long, test_sweep.test_six_hour_backlog_publishes_few_copies),
        (
            dead_letter_always_publishes,
            test_sweep.test_dead_letters_of_a_six_hour_backlog_publish_few_copies,
        ),
    ],
    ids=lambda value: value.__name__,
)
def test_removed_rule_fails_its_test(
    remove_rule: Callable[[Patch], None], test: Callable[[], None], monkeypatch: Patch
) -> None:
    test()
    with monkeypatch.context() as patch:
        remove_rule(patch)
        with pytest.raises(AssertionError):
            test()


@pytest.mark.parametrize("schedules", [25, pytest.param(5000, marks=pytest.mark.sweep)])
def test_invariants_hold_with_all_rules(schedules: int) -> None:
    for seed in range(schedules):
        schedule.run_schedule(seed)


def _find_failing_seed() -> int:
    for seed in range(SCHEDULES):
        try:
            schedule.run_schedule(seed)
        except AssertionError:
            return seed
    pytest.fail(f"none of {SCHEDULES} schedules violates an invariant")
