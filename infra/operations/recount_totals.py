"""`python -m infra.operations.recount_totals PROJECT`: compares the totals of owners with the jobs.

`--correct` replaces totals that are wrong, also while jobs run. Needs Application Default
Credentials with `roles/datastore.user`, or FIRESTORE_EMULATOR_HOST.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeVar

from google.cloud import firestore

from shared.adapters.firestore import FirestoreJobStore
from shared.flows import effects
from shared.jobs.maintenance.recount import Recount, list_owners, list_shards, recount_shard
from shared.ports.store import JobStore

T = TypeVar("T")
MAX_TRIES = 5
"""For a shard whose jobs change while they are counted."""


def recount_totals(
    store: JobStore, owners: Sequence[str], *, correct: bool, log: Callable[[str], None]
) -> Counter[Recount]:
    """Counts the shards of `owners`, or of all owners without any. Returns the number of shards by
    result, and logs every shard that is not right."""
    results: Counter[Recount] = Counter()
    for owner in owners or _run(store, list_owners()):
        for shard in _run(store, list_shards(owner)):
            for _ in range(MAX_TRIES):
                result = _run(store, recount_shard(owner, shard, correct=correct))
                if result is not Recount.CHANGED_MEANWHILE:
                    break
            results[result] += 1
            if result is not Recount.RIGHT:
                log(f"{owner} {shard}: {result}")
    return results


def _run(store: JobStore, flow: effects.Flow[T]) -> T:
    """Runs a flow that uses only Firestore."""
    try:
        effect = next(flow)
        while True:
            match effect:
                case effects.Read(paths):
                    effect = flow.send(store.read(paths))
                case effects.RunQuery(query):
                    effect = flow.send(store.run_query(query))
                case effects.Commit(writes):
                    effect = flow.send(store.commit(writes))
                case _:
                    raise TypeError(f"a recount needs no {type(effect).__name__}")
    except StopIteration as end:
        result: T = end.value
        return result


def main() -> int:
    """Returns 1 when totals are wrong and were not corrected."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("project")
    parser.add_argument("--owner", action="append", default=[], help="a user id; default: all")
    parser.add_argument("--correct", action="store_true", help="replace wrong totals")
    arguments = parser.parse_args()
    store = FirestoreJobStore(firestore.Client(arguments.project))
    results = recount_totals(store, arguments.owner, correct=arguments.correct, log=print)
    print(", ".join(f"{count} {name}" for name, count in sorted(results.items())) or "no totals")
    return 1 if results[Recount.WRONG] or results[Recount.CHANGED_MEANWHILE] else 0


if __name__ == "__main__":
    sys.exit(main())
