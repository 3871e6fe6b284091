"""`fault`: adds, lists and clears fault rules of a running suite."""

from __future__ import annotations

import argparse
import http.client
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from infra.local.client.http import request
from infra.local.suite import suite_client
from infra.local.suite.layout import SetupError, SuiteLayout
from shared.pipeline import FUNCTIONS

ALL_MESSAGES = "messages"
"""Target for the messages to all functions."""
_UNSUPPORTED = ("firestore", "pubsub", "auth", "smtp", *FUNCTIONS)
"""Services that accept no fault rules. The rules of a function belong to the push emulator."""


def fault(args: argparse.Namespace) -> int:
    """Adds a fault rule, clears the rules, or lists them with their counts."""
    layout = SuiteLayout.from_env()
    status = suite_client.read_status(layout)
    if status is None:
        raise SetupError(f"No suite is running on {layout.base}.")
    action = {name: value for name in ACTIONS if (value := getattr(args, name)) is not None}
    if args.clear:
        for server in _servers(status["services"], args.target):
            clear_rules(layout, server)
    elif action:
        if args.target is None:
            raise SetupError("Name a target: a function, `messages`, or a service such as gcs.")
        extra_action = {
            name: getattr(args, name) for name in ("retry_after_s", "repeat_interval_s")
        }
        limits = {name: getattr(args, name) for name in ("count", "rate", "seed")}
        match = {"method": args.method, "path_regex": args.path, "nth": args.nth}
        rule = {
            "match": _without_none(match),
            "action": action | _without_none(extra_action),
            **_without_none(limits),
        }
        add_rule(layout, args.target, rule)
    for server, rule in list_rules(layout, status["services"]):
        print(f"  {format_rule(server, rule)}")
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
    """Adds a rule. Returns the rule as the server reports it.

    `target` is a service that accepts rules, a function, or `messages`.

    Raises SetupError with the server's message when the server rejects the rule.
    """
    body = dict(rule)
    server = target
    if target == ALL_MESSAGES or target in FUNCTIONS:
        server = "push"
        topic = f"/{FUNCTIONS[target].topic}$" if target in FUNCTIONS else "/topics/"
        body["match"] = {**body.get("match", {}), "path_regex": topic}
    try:
        answer = request("POST", f"{layout.url(server)}/_faults", body)
        report = answer.json()
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise SetupError(f"{target} does not accept fault rules.") from error
    if answer.status != 201:
        raise SetupError(f"{target} rejected the rule: {report['error']['message']}")
    return dict(report)


def clear_rules(layout: SuiteLayout, server: str) -> None:
    """Deletes all rules of a server. Raises SetupError when no server has this name."""
    try:
        request("DELETE", f"{layout.url(server)}/_faults")
    except ValueError as error:
        raise SetupError(f"{server} does not accept fault rules.") from error
    except (OSError, http.client.HTTPException):
        return  # a server that is down has no rules


def list_rules(
    layout: SuiteLayout, services: Iterable[str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Returns pairs (server, rule) of all servers that take rules and are reachable."""
    for server in _servers(services, None):
        try:
            answer = request("GET", f"{layout.url(server)}/_faults")
            rules = answer.json()["rules"] if answer.status == 200 else []
        except (OSError, ValueError, http.client.HTTPException):
            continue  # it is restarting, and its rules are lost
        yield from ((server, rule) for rule in rules)


def format_rule(server: str, rule: Mapping[str, Any]) -> str:
    """Returns a line such as
    `push 1  {"repeat": 2}  /moodreel-stitching$  count 3  fired 2 of 9 matched`."""
    match = rule.get("match", {})
    conditions = [str(match[name]) for name in ("method", "path_regex") if name in match]
    conditions += [f"nth {match['nth']}"] if "nth" in match else []
    limits = [f"{name} {rule[name]}" for name in ("count", "rate") if name in rule]
    parts = [f"{server} {rule['id']}", json.dumps(rule["action"]), *conditions, *limits]
    return "  ".join([*parts, f"fired {rule['fired_count']} of {rule['matched_count']} matched"])


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `fault`."""
    add = parser.add_argument
    add("target", nargs="?", metavar="TARGET",
        help="a function, `messages` (to all functions), or an emulator such as gcs")  # fmt: skip
    actions = parser.add_mutually_exclusive_group()
    actions.add_argument("--status", type=int, help="respond with this status and skip the work")
    actions.add_argument(
        "--stall", dest="stall_s", type=float, metavar="S", help="delay the work by S seconds"
    )
    actions.add_argument("--repeat", type=int, metavar="N", help="deliver a message N times")
    actions.add_argument("--lose-response", action="store_const", const=True,
                      help="do the work, then cut the connection")  # fmt: skip
    actions.add_argument("--cut-after", dest="cut_after_bytes", type=int, metavar="BYTES",
                      help="cut the connection after BYTES of the response")  # fmt: skip
    actions.add_argument("--cut-request-after", dest="cut_request_after_bytes", type=int,
                      metavar="BYTES",
                      help="cut the connection after BYTES of the request")  # fmt: skip
    actions.add_argument(
        "--clear", action="store_true", help="delete the rules of TARGET, or all rules"
    )
    add(
        "--repeat-interval",
        dest="repeat_interval_s",
        type=float,
        metavar="S",
        help="seconds between repeated deliveries",
    )
    add(
        "--retry-after",
        dest="retry_after_s",
        type=int,
        metavar="S",
        help="Retry-After header for --status",
    )
    add("--count", type=int, metavar="N", help="fire at most N times (default: no limit)")
    add("--rate", type=float, metavar="0-1", help="share of requests to hit (default: all)")
    add("--nth", type=int, metavar="N", help="hit only the Nth matching request")
    add("--method", help="only requests with this method")
    add("--path", metavar="REGEX", help="only requests whose path matches")
    add("--seed", type=int, help="random seed for --rate, to repeat a run")


def _servers(services: Iterable[str], target: str | None) -> list[str]:
    if target == ALL_MESSAGES or target in FUNCTIONS:
        return ["push"]
    if target is not None:
        return [target]
    return [name for name in services if name not in _UNSUPPORTED]


def _without_none(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}
