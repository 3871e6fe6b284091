"""Clients are built once per process."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from shared.entrypoints.bootstrap import build_once


def test_concurrent_threads_share_one_client() -> None:
    built = []
    start = threading.Barrier(16)

    @build_once
    def client() -> object:
        time.sleep(0.02)
        built.append(object())
        return built[-1]

    def get_client() -> object:
        start.wait()
        return client()

    with ThreadPoolExecutor(16) as pool:
        clients = list(pool.map(lambda _: get_client(), range(16)))
    assert len(built) == 1
    assert set(map(id, clients)) == {id(built[0])}
