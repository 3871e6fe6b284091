"""The command line: `python -m infra.tools.capacity --uploads 10000 --within 60s`."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Sequence

from infra.tools.capacity.answer import find_answer
from infra.tools.capacity.limits import SIMULATED
from infra.tools.capacity.scenario import Scenario
from infra.tools.capacity.text import render_text
from shared.pipeline import RECIPES

_UNITS_S = {"": 1, "s": 1, "m": 60, "min": 60, "h": 3600}


def parse_time(text: str) -> float:
    """Returns the seconds of `90`, `60s`, `5m` or `1.5h`. Raises ArgumentTypeError for others."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(s|m|min|h|)", text.strip())
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no time: write 60s, 5m or 1h")
    return float(match[1]) * _UNITS_S[match[2]]


def parse_limit(text: str) -> tuple[str, float]:
    """Returns the name and the value of `NAME=VALUE`. Raises ArgumentTypeError for others."""
    name, _, value = text.partition("=")
    try:
        return name, float(value)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE with a number") from None


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of the arguments."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.tools.capacity",
        description="Simulate a burst of uploads: how long it takes, which limit binds first, what "
        "raising it buys, and what it costs.",
    )
    parser.add_argument("--uploads", type=int, required=True, metavar="N")
    parser.add_argument(
        "--within",
        type=parse_time,
        required=True,
        metavar="TIME",
        help="the time in which the uploads arrive, such as 60s, 5m or 1h",
    )
    parser.add_argument(
        "--recipe",
        action="append",
        metavar="NAME",
        help=f"{', '.join(RECIPES)}; may be repeated, default: all in equal shares",
    )
    parser.add_argument("--owners", type=int, metavar="N", help="default: one for ten uploads")
    parser.add_argument(
        "--limit",
        action="append",
        type=parse_limit,
        default=[],
        metavar="NAME=VALUE",
        help=f"may be repeated: {', '.join(SIMULATED)}",
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="write the answer as JSON")
    return parser  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes the answer. Exits with status 2 and a message when an argument is wrong."""
    parser = build_parser()
    args = parser.parse_args(arguments)
    if args.owners == 0:
        parser.error(f"owners must be from 1 to the {args.uploads:,} uploads")
    try:
        scenario = Scenario(
            args.uploads,
            args.within,
            tuple(dict.fromkeys(args.recipe or RECIPES)),
            args.owners or 0,
            dict(args.limit),
            args.seed,
        )
    except ValueError as error:
        parser.error(str(error))
    answer = find_answer(scenario)
    output = json.dumps(answer.to_dict(), indent=2) if args.json else render_text(answer)
    sys.stdout.write(output + "\n")
    return 0
