"""`python -m tests.corpus [WORD…]` prints the outcome of all files, or of those whose name contains
a WORD."""

from __future__ import annotations

import sys

from tests.corpus.corpus_file import CorpusFile
from tests.corpus.invalid import list_files as list_invalid
from tests.corpus.outcome import Outcome, find_mismatches, frame_interval, process_file
from tests.corpus.valid import list_files as list_valid
from tests.fakes.canary import CanaryServer


def main(words: list[str]) -> int:
    """Print the table. Returns 1 if an outcome differs from the expected one."""
    failures = 0
    with CanaryServer() as canary:
        print("| file | description | outcome | message |\n| --- | --- | --- | --- |")
        for row in (*list_valid(), *list_invalid()):
            if words and not any(word in row.name for word in words):
                continue
            try:
                outcome = process_file(row.make(canary.url), frame_interval(row))
            except RuntimeError as error:
                outcome = Outcome("unexpected", str(error))
            mismatches = find_mismatches(row, outcome)
            failures += bool(mismatches)
            suffix = f" **WRONG: {'; '.join(mismatches)}** |" if mismatches else ""
            print(_format_row(row, outcome) + suffix)
    print(f"\n{failures} unexpected outcomes; {len(canary.received)} calls of the canary server.")
    return int(bool(failures or canary.received))


def _format_row(row: CorpusFile, outcome: Outcome) -> str:
    message = outcome.message or " ".join((*outcome.warnings, *outcome.repairs))
    result = f"`{outcome.code}`" if outcome.code else f"done, {len(outcome.pictures)} frames"
    return f"| {row.name} | {row.description} | {result} | {message} |"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
