"""The store in memory and Firestore, and an id for a job of each test."""

from __future__ import annotations

import secrets
from typing import Any

import pytest

from tests.fakes.job_store import MemoryJobStore


@pytest.fixture(params=["memory", pytest.param("firestore", marks=pytest.mark.suite)])
def store(request: pytest.FixtureRequest) -> Any:
    if request.param == "memory":
        return MemoryJobStore()
    return request.getfixturevalue("services").store


@pytest.fixture
def job() -> str:
    """The path of a new job."""
    return f"jobs/{secrets.token_hex(10)}"
