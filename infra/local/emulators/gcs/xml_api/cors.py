"""CORS on the XML API: what the bucket's own configuration allows, and nothing else.

https://cloud.google.com/storage/docs/cross-origin: a preflight that does not match gets an answer
without CORS headers; a request that does not match is served, and the browser keeps it back.
`responseHeader` names are compared whole: a wildcard among them is not honoured.
"""

from __future__ import annotations

from typing import Any

DEFAULT_MAX_AGE_S = 3600


VARY = {"Vary": "Origin"}
"""Said wherever the bucket has rules: another origin would have been answered differently."""


def _first(rules: list[dict[str, Any]], origin: str, method: str) -> dict[str, Any] | None:
    """The first rule for this origin and method; it alone decides, whatever follows it."""
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
    """Headers that answer OPTIONS; none when no rule matches origin, method and every header."""
    names = [name.strip().lower() for name in request_headers.split(",") if name.strip()]
    rule = _first(rules, origin, method)
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
    """Headers to add to the answer of a request that carries `Origin`."""
    rule = _first(rules, origin, method)
    if rule is None:
        return VARY
    exposed = rule.get("responseHeader", [])
    return {
        **_origin_headers(rule, origin),
        **({"Access-Control-Expose-Headers": ", ".join(exposed)} if exposed else {}),
    }
