"""Fault rules: parsed from JSON, matched against requests, counted."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from typing import Any

_ACTIONS = (
    "status",
    "stall_s",
    "cut_after_bytes",
    "cut_request_after_bytes",
    "lose_response",
    "repeat",
)
_ACTION_OPTIONS = ("retry_after_s", "repeat_interval_s")
_MAX_STALL_S = 3600.0


@dataclass
class FaultRule:
    """One fault rule with its counters."""

    id: int
    method: str | None
    path_regex: re.Pattern[str] | None
    nth: int | None
    action: dict[str, Any]
    count: int | None
    rate: float | None
    definition: dict[str, Any]
    rng: random.Random
    matched_count: int = 0
    fired_count: int = 0

    def count_and_match(self, method: str, path: str) -> bool:
        """Counts a request. Returns whether the rule applies to it."""
        if self.method is not None and self.method != method:
            return False
        if self.path_regex is not None and not self.path_regex.search(path):
            return False
        self.matched_count += 1
        if self.nth is not None and self.matched_count != self.nth:
            return False
        if self.count is not None and self.fired_count >= self.count:
            return False
        if self.rate is not None and self.rng.random() >= self.rate:
            return False
        self.fired_count += 1
        return True

    def to_dict(self) -> dict[str, Any]:
        """Returns the rule as it was sent, with its id and counters."""
        return {
            "id": self.id,
            **self.definition,
            "matched_count": self.matched_count,
            "fired_count": self.fired_count,
        }


def _parse_number(value: Any, name: str, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ValueError(f"{name} must be a number from {low:g} to {high:g}")
    return float(value)


def _parse_int(value: Any, name: str, low: int, high: int = 1 << 62) -> int:
    number = _parse_number(value, name, low, high)
    if number != int(number):
        raise ValueError(f"{name} must be a whole number")
    return int(number)


def _parse_action(action: Any) -> dict[str, Any]:
    if not isinstance(action, dict) or sum(name in action for name in _ACTIONS) != 1:
        raise ValueError(f"action must hold exactly one of {', '.join(_ACTIONS)}")
    unknown = set(action) - {*_ACTIONS, *_ACTION_OPTIONS}
    if unknown:
        raise ValueError(f"unknown field in action: {sorted(unknown)[0]}")
    if "status" in action:
        _parse_int(action["status"], "status", 400, 599)
    if "retry_after_s" in action:
        _parse_int(action["retry_after_s"], "retry_after_s", 0)
    if "stall_s" in action:
        _parse_number(action["stall_s"], "stall_s", 0, _MAX_STALL_S)
    if "repeat" in action:
        _parse_int(action["repeat"], "repeat", 2, 100)
    if "repeat_interval_s" in action:
        _parse_number(action["repeat_interval_s"], "repeat_interval_s", 0, _MAX_STALL_S)
    for name in ("cut_after_bytes", "cut_request_after_bytes"):
        if name in action:
            _parse_int(action[name], name, 0)
    return dict(action)


def parse_rule(rule_id: int, body: Any) -> FaultRule:
    """Parses a rule from JSON. Raises ValueError with the reason when it is invalid."""
    if not isinstance(body, dict):
        raise ValueError("a rule must be a JSON object")  # noqa: TRY004 - invalid input, not a type error in code
    unknown = set(body) - {"match", "action", "count", "rate", "seed"}
    if unknown:
        raise ValueError(f"unknown field in rule: {sorted(unknown)[0]}")
    match = body.get("match", {})
    if not isinstance(match, dict) or set(match) - {"method", "path_regex", "nth"}:
        raise ValueError("match may hold method, path_regex and nth")
    try:
        pattern = re.compile(str(match["path_regex"])) if "path_regex" in match else None
    except re.error as error:
        raise ValueError(f"path_regex does not compile: {error}") from error
    return FaultRule(
        id=rule_id,
        method=str(match["method"]).upper() if "method" in match else None,
        path_regex=pattern,
        nth=_parse_int(match["nth"], "nth", 1) if "nth" in match else None,
        action=_parse_action(body.get("action")),
        count=_parse_int(body["count"], "count", 1) if "count" in body else None,
        rate=_parse_number(body["rate"], "rate", 0, 1) if "rate" in body else None,
        definition=body,
        rng=random.Random(body.get("seed", rule_id)),  # noqa: S311 - not used for secrets
    )
