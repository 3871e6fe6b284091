"""`python -m tests.corpus [WORD…]` prints what becomes of files, all or those so named."""

from __future__ import annotations

import sys

from tests.corpus.corpus_file import CorpusFile
from tests.corpus.invalid import list_files as wrong
from tests.corpus.outcome import Outcome, find_mismatches, frame_interval, process_file
from tests.corpus.valid import list_files as odd
from tests.fakes.canary import CanaryServer


def main(words: list[str]) -> int:
    """Exit status 1 if something is not as it must be."""
    failures = 0
    with CanaryServer() as canary:
        print("| file | what it is | outcome | told |\n| --- | --- | --- | --- |")
        for row in (*odd(), *wrong()):
            if words and not any(word in row.name for word in words):
                continue
            try:
                outcome = process_file(row.make(canary.url), frame_interval(row))
            except RuntimeError as fault:
                outcome = Outcome("unexpected", str(fault))
            unmet = find_mismatches(row, outcome)
            failures += bool(unmet)
            print(_line(row, outcome) + ("" if not unmet else f" **WRONG: {'; '.join(unmet)}** |"))
    print(f"\n{failures} not as they must be; {len(canary.received)} calls of the canary.")
    return int(bool(failures or canary.received))


def _line(row: CorpusFile, outcome: Outcome) -> str:
    told = outcome.message or " ".join((*outcome.warnings, *outcome.repairs))
    what = f"`{outcome.code}`" if outcome.code else f"done, {len(outcome.pictures)} frames"
    return f"| {row.name} | {row.description} | {what} | {told} |"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
