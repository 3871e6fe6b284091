"""`python -m tests.benchmarks NAME` prints a table of ratios. Exits with 1 if a bound is missed."""

from __future__ import annotations

import sys

from tests.benchmarks import (
    api,
    cold_start,
    console,
    downloads,
    emotions,
    fetching,
    joining,
    recorder,
    repeated_deck,
    stitching,
)
from tests.benchmarks.frames import comparison
from tests.benchmarks.speech import comparison as speech
from tests.benchmarks.speech import word_errors

BENCHMARKS = {
    "api": api.main,
    "cold-start": cold_start.main,
    "console": console.main,
    "emotions": emotions.main,
    "fetching": fetching.main,
    "frames": comparison.main,
    "downloads": downloads.main,
    "joining": joining.main,
    "recorder": recorder.main,
    "repeated-deck": repeated_deck.main,
    "speech": speech.main,
    "stitching": stitching.main,
    "word-errors": word_errors.main,
}


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or arguments[0] not in BENCHMARKS:
        print(f"usage: python -m tests.benchmarks {{{','.join(BENCHMARKS)}}}", file=sys.stderr)
        return 2
    return BENCHMARKS[arguments[0]]()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
