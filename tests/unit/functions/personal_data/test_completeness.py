"""Exports and erasures know every collection and folder that the code writes. These are read from
the source."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from infra.local.suite.layout import ROOT
from shared.cameras.recording import RECORDINGS
from shared.http.limits.policy import Policy
from shared.http.limits.rate_limits import consume
from shared.pipeline import FUNCTIONS, RECEIPTS_PREFIX, RESULTS_PREFIX, Bucket
from shared.privacy.data_requests import (
    DATA_REQUESTS,
    HASHED_COLLECTIONS,
    JOBS,
    OWNED_COLLECTIONS,
    USER_ID_COLLECTIONS,
    Folder,
    new_erasure,
    owner_folders,
    owner_hash,
)
from tests.fakes.clock import ManualClock
from tests.fixtures.personal_data import PersonalDataHarness
from tests.unit.functions.api.test_rate_limits import make_request

pytestmark = pytest.mark.slow

IMPERSONAL_COLLECTIONS = {"receipt_keys", "maintenance", "sweeps"}
"""Collections without data of users, but for a user's id that `sweeps` keeps for a day."""
NOT_COLLECTIONS = {prefix.split("/")[0] for row in FUNCTIONS.values() for _,
prefix in row.writes} | {
    "quarantine", "cache", "fonts", "projects", "moodreel", "application", "text", "multipart",
}  # fmt: skip
"""Other words before a slash: prefixes of objects, a folder of fonts, words of Cloud Trace, media
types."""
_PATH = re.compile(r"([a-z_]+)/")


def collections_in_code() -> set[str]:
    """Returns the first segment of every document path in the code."""
    names = {row.task_collection for row in FUNCTIONS.values() if row.task_collection}
    for folder in ("shared", "functions"):
        for path in (ROOT / folder).rglob("*.py"):
            names.update(_first_segments(path))
    return names - (NOT_COLLECTIONS - {JOBS, RECORDINGS})


def _first_segments(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        text = ""
        if isinstance(node, ast.JoinedStr):
            first, *rest = node.values
            if isinstance(first, ast.Constant):
                text = str(first.value)
            elif isinstance(first, ast.FormattedValue) and isinstance(first.value, ast.Name):
                # A constant of the module, as in f"{WEBHOOKS}/{webhook_id}".
                module = import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
                name = first.value.id
                text = str(getattr(module, name, "")) if name.isupper() else ""
                text += str(rest[0].value) if rest and isinstance(rest[0], ast.Constant) else ""
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            # A single document, as in ORPHAN_SEARCH_PATH = "maintenance/orphans".
            text = str(node.value.value) if "/" in str(node.value.value).rstrip("/") else ""
        if match := _PATH.match(text):
            yield match[1]


def test_every_collection_is_known() -> None:
    """The data of an unknown collection would not be erased."""
    known = {
        JOBS,
        DATA_REQUESTS,
        *OWNED_COLLECTIONS,
        *USER_ID_COLLECTIONS,
        *HASHED_COLLECTIONS,
        *IMPERSONAL_COLLECTIONS,
    }

    assert collections_in_code() | {"users"} == known


def calls_owner_hash(function: str) -> bool:
    folder = ROOT / "functions" / function
    return any("owner_hash(" in path.read_text() for path in folder.rglob("*.py"))


def test_every_folder_of_a_user_is_known() -> None:
    hashed = [row for row in FUNCTIONS.values() if calls_owner_hash(row.name)]
    without_hash = {(Bucket.OUTPUTS, RESULTS_PREFIX), (Bucket.OUTPUTS, RECEIPTS_PREFIX)}
    prefixes = {written for row in hashed for written in row.writes} - without_hash
    prefixes |= {
        grant for row in FUNCTIONS.values() for grant in row.access.write if "cache/" in grant[1]
    }
    name = owner_hash("alice")

    assert len(hashed) >= 3
    assert set(owner_folders("alice")) == {
        Folder(bucket, f"{prefix}{name}/") for bucket, prefix in prefixes
    }


def test_limits_of_an_address_are_erased_with_the_account(harness: PersonalDataHarness) -> None:
    address = "alice@moodreel.test"
    request = make_request(ManualClock())
    consume(request, Policy("sign-ins", 5, 60, "Wait."), address)
    consume(request, Policy("sign-ins", 5, 60, "Wait."), "bob@moodreel.test")
    limits = dict(request.services.store.documents)  # type: ignore[attr-defined]
    harness.store.documents |= limits
    [bobs_limit] = [path for path in limits if owner_hash(address) not in path]
    request_id = "e" * 20
    # Firebase keeps the case of an address; the limits use lower case.
    erasure = new_erasure(
        request_id, "alice", account=True, email="Alice@Moodreel.test", now=harness.clock.now()
    )
    harness.store.commit([erasure])
    document = harness.run_request(request_id)

    assert document["state"] == "done"
    assert limits.keys() & harness.store.documents.keys() == {bobs_limit}
    assert owner_hash(address) not in str(document)
