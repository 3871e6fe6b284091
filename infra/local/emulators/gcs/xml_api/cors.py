"""CORS on the XML API, from the bucket's configuration.

https://cloud.google.com/storage/docs/cross-origin: the response to a preflight that does not match
has no CORS headers. A request that does not match is served without them, and the browser blocks
the response. `responseHeader` names must match exactly; wildcards are not supported.
"""

from __future__ import annotations

from typing import Any

DEFAULT_MAX_AGE_S = 3600
VARY = {"Vary": "Origin"}
"""Sent for every bucket with CORS rules, because responses depend on the origin."""


def _find_rule(rules: list[dict[str, Any]], origin: str, method: str) -> dict[str, Any] | None:
    """Returns the first rule for this origin and method. Later rules are ignored."""
    for rule in rules:
        origins, methods = rule.get("origin", []), [m.upper() for m in rule.get("method", [])]
        if ("*" in origins or origin in origins) and ("*" in methods or method in methods):
            return rule
    return None


def _origin_headers(rule: dict[str, Any], origin: str) -> dict[str, str]:
    if "*" in rule.get("origin", []):
        return {"Access-Control-Allow-Origin": "*"}
    return {"Access-Control-Allow-Origin": origin, **VARY}


def preflight_headers(
    rules: list[dict[str, Any]], origin: str, method: str, request_headers: str
) -> dict[str, str]:
    """Returns the headers for a preflight: no CORS headers unless a rule matches origin, method and
    every header."""
    names = [name.strip().lower() for name in request_headers.split(",") if name.strip()]
    rule = _find_rule(rules, origin, method)
    allowed = {header.lower() for header in rule.get("responseHeader", [])} if rule else set()
    if rule is None or not allowed.issuperset(names):
        return VARY
    return {
        **_origin_headers(rule, origin),
        "Access-Control-Allow-Methods": ",".join(rule["method"]),
        "Access-Control-Max-Age": str(rule.get("maxAgeSeconds", DEFAULT_MAX_AGE_S)),
        **({"Access-Control-Allow-Headers": ",".join(names)} if names else {}),
    }


def response_headers(rules: list[dict[str, Any]], origin: str, method: str) -> dict[str, str]:
    """Returns the headers for the response to a request with `Origin`."""
    rule = _find_rule(rules, origin, method)
    if rule is None:
        return VARY
    exposed = rule.get("responseHeader", [])
    return {
        **_origin_headers(rule, origin),
        **({"Access-Control-Expose-Headers": ", ".join(exposed)} if exposed else {}),
    }
