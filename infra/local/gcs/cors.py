"""CORS on the XML API: what the bucket's own configuration allows, and nothing else.

https://cloud.google.com/storage/docs/cross-origin: a preflight that does not match gets an answer
without CORS headers; a request that does not match is served, and the browser keeps it back.
"""

from __future__ import annotations

from typing import Any

DEFAULT_MAX_AGE_S = 3600


def _allows(rule: dict[str, Any], origin: str, method: str) -> bool:
    origins = rule.get("origin", [])
    methods = [m.upper() for m in rule.get("method", [])]
    return ("*" in origins or origin in origins) and ("*" in methods or method in methods)


def _origin_headers(rule: dict[str, Any], origin: str) -> dict[str, str]:
    if "*" in rule.get("origin", []):
        return {"Access-Control-Allow-Origin": "*"}
    return {"Access-Control-Allow-Origin": origin, "Vary": "Origin"}


def _may_send(rule: dict[str, Any], names: list[str]) -> bool:
    allowed = [h.lower() for h in rule.get("responseHeader", [])]
    stems = tuple(h[:-1] for h in allowed if h.endswith("*"))
    return all(name in allowed or (stems and name.startswith(stems)) for name in names)


def preflight(
    rules: list[dict[str, Any]], origin: str, method: str, request_headers: str
) -> dict[str, str]:
    """Headers that answer OPTIONS; none when no rule matches origin, method and every header."""
    names = [name.strip().lower() for name in request_headers.split(",") if name.strip()]
    for rule in rules:
        if _allows(rule, origin, method) and _may_send(rule, names):
            return {
                **_origin_headers(rule, origin),
                "Access-Control-Allow-Methods": ",".join(rule["method"]),
                "Access-Control-Max-Age": str(rule.get("maxAgeSeconds", DEFAULT_MAX_AGE_S)),
                **({"Access-Control-Allow-Headers": ",".join(names)} if names else {}),
            }
    return {"Vary": "Origin"}


def actual(rules: list[dict[str, Any]], origin: str, method: str) -> dict[str, str]:
    """Headers to add to the answer of a request that carries `Origin`."""
    for rule in rules:
        if _allows(rule, origin, method):
            exposed = rule.get("responseHeader", [])
            return {
                **_origin_headers(rule, origin),
                **({"Access-Control-Expose-Headers": ", ".join(exposed)} if exposed else {}),
            }
    return {"Vary": "Origin"}
