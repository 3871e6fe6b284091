"""`python -m tests.corpus [WORD…]` prints what becomes of files, all or those so named."""

from __future__ import annotations

import sys

from tests.corpus.corpus_file import Row
from tests.corpus.invalid import rows as wrong
from tests.corpus.outcome import Outcome, complaints, every_of, outcome_of
from tests.corpus.valid import rows as odd
from tests.fakes.canary import Canary


def main(words: list[str]) -> int:
    """Exit status 1 if something is not as it must be."""
    failures = 0
    with Canary() as canary:
        print("| file | what it is | outcome | told |\n| --- | --- | --- | --- |")
        for row in (*odd(), *wrong()):
            if words and not any(word in row.name for word in words):
                continue
            try:
                outcome = outcome_of(row.make(canary.url), every_of(row))
            except RuntimeError as fault:
                outcome = Outcome("unexpected", str(fault))
            unmet = complaints(row, outcome)
            failures += bool(unmet)
            print(_line(row, outcome) + ("" if not unmet else f" **WRONG: {'; '.join(unmet)}** |"))
    print(f"\n{failures} not as they must be; {len(canary.hits)} calls of the canary.")
    return int(bool(failures or canary.hits))


def _line(row: Row, outcome: Outcome) -> str:
    told = outcome.message or " ".join((*outcome.warnings, *outcome.repairs))
    what = f"`{outcome.code}`" if outcome.code else f"done, {len(outcome.pictures)} frames"
    return f"| {row.name} | {row.told} | {what} | {told} |"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
