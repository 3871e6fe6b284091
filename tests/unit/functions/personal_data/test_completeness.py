"""Nothing that is kept anywhere is forgotten when somebody wants it copied or removed: where the
code writes is read out of the code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from functions.api.rate_limits import Policy, take
from infra.local.suite.layout import ROOT
from shared.cameras.recording import RECORDINGS
from shared.pipeline import RECEIPTS_PREFIX, RESULTS_PREFIX, STAGES, Bucket
from shared.privacy.data_requests import (
    BY_FIELD,
    BY_HASH,
    BY_ID,
    JOBS,
    REQUESTS,
    Folder,
    folders_of_owner,
    new_erasure,
    owner_folder,
)
from tests.fixtures.personal_data import House
from tests.unit.functions.api.test_rate_limits import Dial, a_call

pytestmark = pytest.mark.slow

NOBODYS = {"receipt_keys", "caretaking"}
"""Collections that say nothing of anybody."""
NO_COLLECTIONS = {prefix.split("/")[0] for row in STAGES.values() for _, prefix in row.writes} | {
    "quarantine", "projects", "moodreel", "application", "text", "multipart",
}  # fmt: skip
"""What else is followed by a slash: prefixes of objects, words of Cloud Trace, media types."""
_PATH = re.compile(r"([a-z_]+)/")


def collections_in_code() -> set[str]:
    """The first word of everything that the code could write a document under."""
    found = {row.errands for row in STAGES.values() if row.errands}
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
            # A document of its own, as in SEARCH = "caretaking/orphans".
            begins = str(node.value.value) if "/" in str(node.value.value).rstrip("/") else ""
        if found := _PATH.match(begins):
            yield found[1]


def test_every_collection_is_somebodys_or_nobodys() -> None:
    """Whoever adds one says whose its documents are, or they outlive the person."""
    known = {JOBS, REQUESTS, *BY_FIELD, *BY_ID, *BY_HASH, *NOBODYS}

    assert collections_in_code() | {"users"} == known


def calls_owner_folder(function: str) -> bool:
    folder = ROOT / "functions" / function
    return any("owner_folder(" in path.read_text() for path in folder.rglob("*.py"))


def test_every_folder_that_is_named_after_a_person_is_known() -> None:
    hashed = [row for row in STAGES.values() if calls_owner_folder(row.name)]
    of_jobs = {(Bucket.OUTPUTS, RESULTS_PREFIX), (Bucket.OUTPUTS, RECEIPTS_PREFIX)}
    wanted = {place for row in hashed for place in row.writes} - of_jobs
    name = owner_folder("alice")

    assert len(hashed) >= 3
    assert set(folders_of_owner("alice")) == {
        Folder(bucket, f"{prefix}{name}/") for bucket, prefix in wanted
    }


def test_what_is_counted_by_an_address_goes_with_the_account(house: House) -> None:
    address = "alice@moodreel.test"
    call = a_call(Dial())
    take(call, Policy("sign-ins", 5, 60, "Wait."), address)
    take(call, Policy("sign-ins", 5, 60, "Wait."), "bob@moodreel.test")
    counted = dict(call.world.store.docs)  # type: ignore[attr-defined]
    house.ledger.docs |= counted
    [theirs] = [path for path in counted if owner_folder(address) not in path]
    number = "e" * 20
    # Firebase keeps an address as it was written; the limits count it in small letters.
    asked = new_erasure(
        number, "alice", account=True, email="Alice@Moodreel.test", now=house.clock.now()
    )
    house.ledger.commit([asked])
    done = house.fulfil(number)

    assert done["state"] == "done"
    assert counted.keys() & house.ledger.docs.keys() == {theirs}
    assert owner_folder(address) not in str(done)
