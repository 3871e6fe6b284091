"""A client, and a job that is done."""

from __future__ import annotations

import pytest

from infra.local.client.api_client import Client
from infra.local.suite.handle import SuiteHandle
from tests.fixtures.media.clip_specs import CLIP_SPECS


@pytest.fixture(scope="module")
def client(suite: SuiteHandle) -> Client:
    return suite.client()


@pytest.fixture(scope="module")
def done_job_id(suite: SuiteHandle, client: Client) -> str:
    """The id of a job that is done."""
    job_id = suite.start_job(client, "frames", CLIP_SPECS["cfr30"].encode().path)
    assert suite.wait_for_job(client, job_id)["status"] == "done"
    return job_id
