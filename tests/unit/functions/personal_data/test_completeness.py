"""Nothing that is kept anywhere is forgotten when somebody wants it copied or removed: where the
code writes is read out of the code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from functions.api.rate_limits import Policy, consume
from infra.local.suite.layout import ROOT
from shared.cameras.recording import RECORDINGS
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
from tests.fixtures.personal_data import PersonalDataHarness
from tests.unit.functions.api.test_rate_limits import ManualClock, make_request

pytestmark = pytest.mark.slow

NOBODYS = {"receipt_keys", "maintenance"}
"""Collections that say nothing of anybody."""
NO_COLLECTIONS = {prefix.split("/")[0] for row in FUNCTIONS.values() for _,
prefix in row.writes} | {
    "quarantine", "projects", "moodreel", "application", "text", "multipart",
}  # fmt: skip
"""What else is followed by a slash: prefixes of objects, words of Cloud Trace, media types."""
_PATH = re.compile(r"([a-z_]+)/")


def collections_in_code() -> set[str]:
    """The first word of everything that the code could write a document under."""
    found = {row.task_collection for row in FUNCTIONS.values() if row.task_collection}
    for folder in ("shared", "functions"):
        for path in (ROOT / folder).rglob("*.py"):
            found.update(_first_words(path))
    return found - (NO_COLLECTIONS - {JOBS, RECORDINGS})


def _first_words(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        begins = ""
        if isinstance(node, ast.JoinedStr):
            first, *rest = node.values
            if isinstance(first, ast.Constant):
                begins = str(first.value)
            elif isinstance(first, ast.FormattedValue) and isinstance(first.value, ast.Name):
                # A constant of the module, as in f"{HOOKS}/{hook_id}".
                module = import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
                word = first.value.id
                begins = str(getattr(module, word, "")) if word.isupper() else ""
                begins += str(rest[0].value) if rest and isinstance(rest[0], ast.Constant) else ""
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            # A document of its own, as in SEARCH = "maintenance/orphans".
            begins = str(node.value.value) if "/" in str(node.value.value).rstrip("/") else ""
        if found := _PATH.match(begins):
            yield found[1]


def test_every_collection_is_somebodys_or_nobodys() -> None:
    """Whoever adds one says whose its documents are, or they outlive the person."""
    known = {
        JOBS,
        DATA_REQUESTS,
        *OWNED_COLLECTIONS,
        *USER_ID_COLLECTIONS,
        *HASHED_COLLECTIONS,
        *NOBODYS,
    }

    assert collections_in_code() | {"users"} == known


def calls_owner_hash(function: str) -> bool:
    folder = ROOT / "functions" / function
    return any("owner_hash(" in path.read_text() for path in folder.rglob("*.py"))


def test_every_folder_that_is_named_after_a_person_is_known() -> None:
    hashed = [row for row in FUNCTIONS.values() if calls_owner_hash(row.name)]
    of_jobs = {(Bucket.OUTPUTS, RESULTS_PREFIX), (Bucket.OUTPUTS, RECEIPTS_PREFIX)}
    wanted = {place for row in hashed for place in row.writes} - of_jobs
    name = owner_hash("alice")

    assert len(hashed) >= 3
    assert set(owner_folders("alice")) == {
        Folder(bucket, f"{prefix}{name}/") for bucket, prefix in wanted
    }


def test_what_is_counted_by_an_address_goes_with_the_account(harness: PersonalDataHarness) -> None:
    address = "alice@moodreel.test"
    call = make_request(ManualClock())
    consume(call, Policy("sign-ins", 5, 60, "Wait."), address)
    consume(call, Policy("sign-ins", 5, 60, "Wait."), "bob@moodreel.test")
    counted = dict(call.services.store.documents)  # type: ignore[attr-defined]
    harness.store.documents |= counted
    [theirs] = [path for path in counted if owner_hash(address) not in path]
    number = "e" * 20
    # Firebase keeps an address as it was written; the limits count it in small letters.
    asked = new_erasure(
        number, "alice", account=True, email="Alice@Moodreel.test", now=harness.clock.now()
    )
    harness.store.commit([asked])
    done = harness.run_request(number)

    assert done["state"] == "done"
    assert counted.keys() & harness.store.documents.keys() == {theirs}
    assert owner_hash(address) not in str(done)
