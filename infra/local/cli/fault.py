"""`fault`: order, list and end the faults of the servers of a suite that is up."""

from __future__ import annotations

import argparse
import http.client
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from infra.local.suite import suite_client
from infra.local.suite.http import request
from infra.local.suite.layout import SetupError, SuiteLayout
from shared.pipeline import FUNCTIONS

ALL_MESSAGES = "messages"
"""As a target: the messages to all functions."""
_SILENT = ("firestore", "pubsub", "auth", "smtp", *FUNCTIONS)
"""Services that take no rules themselves; a function's are with the hop that leads to it."""


def fault(args: argparse.Namespace) -> int:
    """Adds a fault rule, clears the rules, or lists them with their counts."""
    place = SuiteLayout.from_env()
    told = suite_client.read_status(place)
    if told is None:
        raise SetupError(f"No suite is up on {place.base}.")
    action = {name: value for name in ACTIONS if (value := getattr(args, name)) is not None}
    if args.clear:
        for server in _servers(told["services"], args.target):
            clear_rules(place, server)
    elif action:
        if args.target is None:
            raise SetupError("Which target? A function, `messages`, or a service such as gcs.")
        more = {name: getattr(args, name) for name in ("retry_after_s", "repeat_interval_s")}
        how = {name: getattr(args, name) for name in ("count", "rate", "seed")}
        match = {"method": args.method, "path_regex": args.path, "nth": args.nth}
        rule = {"match": _given(match), "action": action | _given(more), **_given(how)}
        add_rule(place, args.target, rule)
    for server, one in list_rules(place, told["services"]):
        print(f"  {format_rule(server, one)}")
    return 0


ACTIONS = (
    "status",
    "stall_s",
    "cut_after_bytes",
    "cut_request_after_bytes",
    "lose_response",
    "repeat",
)


def add_rule(layout: SuiteLayout, target: str, rule: Mapping[str, Any]) -> dict[str, Any]:
    """Set a rule; its report. `target` is a service that takes rules, a function, or `messages`.

    Raises SetupError with the server's own words when it takes no such rule.
    """
    body = dict(rule)
    server = target
    if target == ALL_MESSAGES or target in FUNCTIONS:
        server = "push"
        topic = f"/{FUNCTIONS[target].topic}$" if target in FUNCTIONS else "/topics/"
        body["match"] = {**body.get("match", {}), "path_regex": topic}
    try:
        answer = request("POST", f"{layout.url(server)}/_faults", body)
        told = answer.json()
    except (OSError, ValueError, http.client.HTTPException) as unfit:
        raise SetupError(f"{target} takes no fault rules.") from unfit
    if answer.status != 201:
        raise SetupError(f"{target} refuses the rule: {told['error']['message']}")
    return dict(told)


def clear_rules(layout: SuiteLayout, server: str) -> None:
    """A server behaves again. Raises SetupError when there is none of this name."""
    try:
        request("DELETE", f"{layout.url(server)}/_faults")
    except ValueError as nobody:
        raise SetupError(f"{server} takes no fault rules.") from nobody
    except (OSError, http.client.HTTPException):
        return  # one that is away has no rules either


def list_rules(
    layout: SuiteLayout, services: Iterable[str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Returns pairs (server, rule) of all servers that take rules and are reachable."""
    for server in _servers(services, None):
        try:
            answer = request("GET", f"{layout.url(server)}/_faults", timeout_s=2)
            rules = answer.json()["rules"] if answer.status == 200 else []
        except (OSError, ValueError, http.client.HTTPException):
            continue  # it is being started again, and has forgotten its rules
        yield from ((server, rule) for rule in rules)


def format_rule(server: str, rule: Mapping[str, Any]) -> str:
    """`push 1  {"repeat": 2}  count 3  /moodreel-stitching$  fired 2 of 9 matched`."""
    match = rule.get("match", {})
    where = [str(match[name]) for name in ("method", "path_regex") if name in match]
    where += [f"nth {match['nth']}"] if "nth" in match else []
    how = [f"{name} {rule[name]}" for name in ("count", "rate") if name in rule]
    parts = [f"{server} {rule['id']}", json.dumps(rule["action"]), *where, *how]
    return "  ".join([*parts, f"fired {rule['fired_count']} of {rule['matched_count']} matched"])


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `fault`."""
    say = parser.add_argument
    say("target", nargs="?", metavar="TARGET",
        help="a function, `messages` (to all functions), or gcs and other stand-ins")  # fmt: skip
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--status", type=int, help="answer this instead of doing the work")
    what.add_argument("--stall", dest="stall_s", type=float, metavar="S", help="be late")
    what.add_argument("--repeat", type=int, metavar="N", help="deliver a message N times")
    what.add_argument("--lose-response", action="store_const", const=True,
                      help="do the work and cut the connection")  # fmt: skip
    what.add_argument("--cut-after", dest="cut_after_bytes", type=int, metavar="BYTES",
                      help="cut the connection in the answer")  # fmt: skip
    what.add_argument("--cut-request-after", dest="cut_request_after_bytes", type=int,
                      metavar="BYTES", help="cut the connection in the request")  # fmt: skip
    what.add_argument("--clear", action="store_true", help="behave again (TARGET, or all)")
    say(
        "--repeat-interval",
        dest="repeat_interval_s",
        type=float,
        metavar="S",
        help="seconds between the copies",
    )
    say("--retry-after", dest="retry_after_s", type=int, metavar="S", help="sent with --status")
    say("--count", type=int, metavar="N", help="how often at most (default: always)")
    say("--rate", type=float, metavar="0-1", help="the share that is hit (default: all)")
    say("--nth", type=int, metavar="N", help="the Nth that matches, and no other")
    say("--method", help="only requests with this method")
    say("--path", metavar="REGEX", help="only requests whose path matches")
    say("--seed", type=int, help="throw the same dice again")


def _servers(services: Iterable[str], target: str | None) -> list[str]:
    if target == ALL_MESSAGES or target in FUNCTIONS:
        return ["push"]
    if target is not None:
        return [target]
    return [name for name in services if name not in _SILENT]


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}
