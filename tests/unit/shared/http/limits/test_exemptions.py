"""Health routes count against no policy, and no other route is exempt."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from functions.api.routes import ROUTES as API_ROUTES
from functions.downloads.routes import ROUTES as DOWNLOADS_ROUTES
from shared.errors import FirestoreUnavailable
from shared.flows.documents import Doc
from tests.fakes.application import SETTINGS, AppHarness
from tests.fakes.job_store import MemoryJobStore
from tests.fixtures.operations import ItemRequest

ROUTES = (*API_ROUTES, *DOWNLOADS_ROUTES)
LIMITED = replace(SETTINGS, anonymous_requests_per_minute=2)


class UnavailableStore(MemoryJobStore):
    def read(self, paths: Iterable[str]) -> tuple[Doc | None, ...]:
        raise FirestoreUnavailable(f"cannot read {paths}")


@pytest.mark.parametrize("path", ["/v1/health", "/healthz", "/v1/media/health"])
def test_a_health_route_answers_while_firestore_is_unavailable(path: str) -> None:
    store = UnavailableStore()
    harness = AppHarness(ROUTES, settings=LIMITED, store=store)

    # The quota is 2, so every request of another route is counted in Firestore.
    assert [harness.request("GET", path).status_code for _ in range(5)] == [200] * 5
    assert harness.request("HEAD", path).status_code == 200
    assert harness.request("GET", "/problems/not-found").status_code == 503
    assert [row for row in harness.log_events if row["event"] == "rate_limit.not_counted"] == []


def test_only_health_routes_count_against_no_policy() -> None:
    exempt = {
        (route.method, route.path): route.limit_exemption
        for route in ROUTES
        if route.limit_exemption
    }

    assert exempt.keys() == {
        ("GET", "/v1/health"), ("GET", "/healthz"), ("GET", "/v1/media/health"),
    }  # fmt: skip
    assert all("Firestore" in reason for reason in exempt.values())


@pytest.mark.parametrize(
    "changes",
    [{"sign_in_required": True}, {"body": ItemRequest}, {"path": "/share/{token}"}],
    ids=["sign-in", "body", "parameter"],
)
def test_a_route_that_may_read_a_document_cannot_be_exempt(changes: dict[str, Any]) -> None:
    (health,) = (route for route in ROUTES if route.path == "/v1/health")

    with pytest.raises(ValueError, match="exempt"):
        replace(health, **changes)
