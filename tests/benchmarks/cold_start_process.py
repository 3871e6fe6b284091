"""Starts one function in this process as the functions framework does, sends it one request, and
prints what both cost. `cold` runs it in the function's own environment.

Arguments: the source, the signature type, and a JSON object with
    method, path, headers, body: the first request;
    status: the expected status of its answer;
    modules, clients: what the first unit of work needs beyond that request. Modules are imported,
        clients are getters of `shared.entrypoints.bootstrap`.
Prints a JSON object: cpu_ms (user and system time of this process, since it was executed) and
rss_mb (resident memory, MiB), each at `listening` and at `answered`.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time

from functions_framework import create_app
from functions_framework._http import create_server


def _cost() -> dict[str, float]:
    with open("/proc/self/status") as status:
        rss_kb = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
    return {"cpu_ms": time.process_time() * 1000, "rss_mb": rss_kb / 1024}


def main(source: str, signature: str, first: str) -> None:
    """Start, answer the first request, print the costs."""
    app = create_app("main", source, signature)  # type: ignore[no-untyped-call]
    create_server(app, False)  # type: ignore[no-untyped-call]
    listening = _cost()
    request = json.loads(first)
    answer = app.test_client().open(
        request["path"],
        method=request["method"],
        headers=request["headers"],
        data=request["body"],
    )
    if answer.status_code != request["status"]:
        sys.exit(f"The first request was answered with {answer.status}: {answer.text[:300]}")
    for module in request["modules"]:
        importlib.import_module(module)
    for client in request["clients"]:
        getattr(importlib.import_module("shared.entrypoints.bootstrap"), client)()
    print(json.dumps({"listening": listening, "answered": _cost()}), flush=True)
    # Not sys.exit: background threads of the clients would be waited for.
    os._exit(0)


main(*sys.argv[1:])
