"""`python -m tests.corpus [WORD…]` prints the outcome of all files, or of those whose name contains
a WORD.

`python -m tests.corpus --seed N --count M` runs M random combinations, `--seed N --case K` one.
"""

from __future__ import annotations

import argparse
import sys

from tests.corpus.combinations.run import run_cases
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


def run_combinations(seed: int, numbers: range) -> int:
    """Print the report. Returns 1 if a case is wrong."""
    report = run_cases(seed, numbers)
    print(report)
    return int(bool(report.wrong))


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.corpus", description=__doc__)
    parser.add_argument("words", nargs="*", metavar="WORD", help="a part of a file's name")
    parser.add_argument("--seed", type=int, help="of the combinations")
    parser.add_argument("--count", type=int, default=200, help="of cases")
    parser.add_argument("--case", type=int, help="run this case only")
    return parser.parse_args()


if __name__ == "__main__":
    arguments = _parse_arguments()
    if arguments.seed is None:
        sys.exit(main(arguments.words))
    first = arguments.case or 0
    count = arguments.count if arguments.case is None else 1
    sys.exit(run_combinations(arguments.seed, range(first, first + count)))
