"""Clients are built once per process."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, cast

import pytest

from shared.entrypoints import bootstrap
from shared.entrypoints.bootstrap import LazyServices
from shared.entrypoints.build_once import build_once
from shared.runtime.services import Services
from shared.runtime.settings import Settings


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


def test_services_build_no_client_before_its_first_use(monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[str] = []
    client: Any = object()

    def build(name: str) -> Any:
        built.append(name)
        return client

    for name in ("store", "objects", "publisher"):
        monkeypatch.setattr(bootstrap, name, partial(build, name))
    services: Services = LazyServices(
        Settings(
            "p",
            {},
            "https://example.org",
            crash_dir="x",
            lease_s=9,
            jobs_per_owner=3,
            parts_in_flight=4,
        )
    )
    clock = services.clock_and_ids

    assert (services.crash_dir, clock.lease_s) == ("x", 9)
    assert (clock.jobs_per_owner, clock.parts_in_flight) == (3, 4)
    assert services.new_token() != services.new_token()
    assert built == []
    assert cast(Any, services.store) is client
    assert cast(Any, services.publisher) is client
    assert built == ["store", "publisher"]
