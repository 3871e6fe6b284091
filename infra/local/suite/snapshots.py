"""What Firestore and Auth know outlives a restart: exported when a suite ends, read back after."""

from __future__ import annotations

import json
import shutil

from infra.local.suite.http import request
from infra.local.suite.layout import PROJECT, SuiteLayout

_OWNER = {"Authorization": "Bearer owner"}
_DATABASE = f"projects/{PROJECT}/databases/(default)"


def export_firestore(layout: SuiteLayout) -> None:
    """Write all documents to `firestore/` (replaced only when the export succeeded)."""
    fresh, kept = layout.folder / "firestore.new", layout.folder / "firestore"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    url = f"{layout.url('firestore')}/emulator/v1/projects/{PROJECT}:export"
    body = {"database": _DATABASE, "export_directory": str(fresh)}
    told = request("POST", url, body, timeout_s=60)
    if told.status != 200:
        raise OSError(told.body.decode(errors="replace"))
    shutil.rmtree(kept, ignore_errors=True)
    fresh.rename(kept)


def export_auth(layout: SuiteLayout) -> None:
    """Write all accounts to `accounts.json`."""
    told = request("GET", _accounts(layout, "batchGet?maxResults=-1"), headers=_OWNER)
    if told.status != 200:
        raise OSError(told.body.decode(errors="replace"))
    draft = layout.folder / "accounts.new"
    draft.touch(mode=0o600)
    draft.write_bytes(told.body)
    draft.replace(layout.folder / "accounts.json")


def import_auth(layout: SuiteLayout) -> None:
    """Read the accounts back, if any were kept."""
    try:
        users = json.loads((layout.folder / "accounts.json").read_text()).get("users", [])
    except (OSError, ValueError):
        return
    if users:
        told = request("POST", _accounts(layout, "batchCreate"), {"users": users}, headers=_OWNER)
        if told.status != 200:
            raise OSError(told.body.decode(errors="replace"))


def _accounts(place: SuiteLayout, act: str) -> str:
    base = f"{place.url('auth')}/identitytoolkit.googleapis.com/v1"
    return f"{base}/projects/{PROJECT}/accounts:{act}"
