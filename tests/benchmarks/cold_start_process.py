"""Starts one function in this process as the functions framework does, sends it one request, and
prints the costs of both. `cold_start` runs it in the function's own environment.

Arguments: the source, the signature type, and a JSON object with
    method, path, headers, body: the first request;
    status: the expected status of the response;
    modules, clients: needed by the first unit of work, but not by that request. Modules are
        imported, clients are getters of `shared.entrypoints.bootstrap`.
Prints a JSON object: cpu_ms (user and system time of this process since its start) and
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


def _measure_cost() -> dict[str, float]:
    with open("/proc/self/status") as status:
        rss_kb = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
    return {"cpu_ms": time.process_time() * 1000, "rss_mb": rss_kb / 1024}


def main(source: str, signature: str, first: str) -> None:
    """Start, handle the first request, print the costs."""
    app = create_app("main", source, signature)  # type: ignore[no-untyped-call]
    create_server(app, False)  # type: ignore[no-untyped-call]
    listening = _measure_cost()
    request = json.loads(first)
    response = app.test_client().open(
        request["path"],
        method=request["method"],
        headers=request["headers"],
        data=request["body"],
    )
    if response.status_code != request["status"]:
        sys.exit(f"The response to the first request was {response.status}: {response.text[:300]}")
    for module in request["modules"]:
        importlib.import_module(module)
    for client in request["clients"]:
        getattr(importlib.import_module("shared.entrypoints.bootstrap"), client)()
    print(json.dumps({"listening": listening, "answered": _measure_cost()}), flush=True)
    # sys.exit would wait for background threads of the clients.
    os._exit(0)


main(*sys.argv[1:])
