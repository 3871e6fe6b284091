"""`python -m tests.corpus.hostile [--mutations N]` runs every hostile file through every decoder,
whatever kind of input it claims to be, and prints the outcomes. With `--suite` every file is every
input of every recipe of a local suite."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

from tests.corpus.hostile.decoders import CRASHED, DECODERS, UNEXPECTED, decode
from tests.corpus.hostile.files import KINDS, HostileFile, list_files, list_mutations
from tests.corpus.hostile.recipes import report, run_recipes
from tests.fakes.canary import CanaryServer


def main() -> int:
    """Print the figures. Returns 1 if a decoder called the canary server."""
    parser = argparse.ArgumentParser(prog="python -m tests.corpus.hostile")
    parser.add_argument("--mutations", type=int, default=200, help="of pictures and of sounds each")
    parser.add_argument("--suite", action="store_true", help="run jobs of a local suite")
    arguments = parser.parse_args()
    mutations = arguments.mutations
    with CanaryServer() as canary, ThreadPoolExecutor(2) as pool:
        files = list(
            chain(
                *(list_files(kind, canary.url) for kind in KINDS),
                list_mutations("picture", mutations),
                list_mutations("sound", mutations),
            )
        )
        if arguments.suite:
            return _run_suite(files, canary)
        outcomes = list(chain.from_iterable(pool.map(_decode_with_all, files)))
    codes = Counter((kind, code) for kind, _, code in outcomes)
    for kind in DECODERS:
        counts = ", ".join(f"{code} {n}" for (k, code), n in codes.most_common() if k == kind)
        print(f"decoders of a {kind}: {counts}")
    print(
        f"{len(files)} files, {len(outcomes)} runs; crashes in the sandbox: "
        f"{sum(code == CRASHED for _, _, code in outcomes)}; "
        f"calls of the canary server: {len(canary.received)}"
    )
    return int(bool(canary.received))


def _run_suite(files: list[HostileFile], canary: CanaryServer) -> int:
    """Returns 1 after a call of the canary server, an unexpected end of a job or a restart."""
    outcomes, restarts = run_recipes(files)
    for line in report(outcomes, restarts):
        print(line)
    print(f"{len(files)} files; calls of the canary server: {len(canary.received)}")
    has_unexpected = any(outcome.code == UNEXPECTED for outcome in outcomes)
    return int(bool(canary.received or restarts or has_unexpected))


def _decode_with_all(file: HostileFile) -> list[tuple[str, str, str]]:
    """Returns kind, name and outcome of every decoder."""
    outcomes = []
    for kind, decoders in DECODERS.items():
        for name, decoder in decoders.items():
            code, message = decode(decoder, file.data)
            outcomes.append((kind, name, code))
            if code in (CRASHED, UNEXPECTED):
                print(f"{file.kind} {file.name}, {name}: {code}: {message[-300:]}", flush=True)
    return outcomes


if __name__ == "__main__":
    sys.exit(main())
