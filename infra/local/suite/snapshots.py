"""Exports the data of Firestore and Auth when a suite stops and imports it at the next start."""

from __future__ import annotations

import json
import shutil

from infra.local.client.http import request
from infra.local.suite.layout import PROJECT, SuiteLayout

_OWNER = {"Authorization": "Bearer owner"}
_DATABASE = f"projects/{PROJECT}/databases/(default)"


def export_firestore(layout: SuiteLayout) -> None:
    """Writes all documents to `firestore/`, which is replaced only after a successful export.

    Raises OSError when the export fails.
    """
    new_folder, folder = layout.folder / "firestore.new", layout.folder / "firestore"
    shutil.rmtree(new_folder, ignore_errors=True)
    new_folder.mkdir()
    url = f"{layout.url('firestore')}/emulator/v1/projects/{PROJECT}:export"
    body = {"database": _DATABASE, "export_directory": str(new_folder)}
    response = request("POST", url, body, timeout_s=60)
    if response.status != 200:
        raise OSError(response.body.decode(errors="replace"))
    shutil.rmtree(folder, ignore_errors=True)
    new_folder.rename(folder)


def export_auth(layout: SuiteLayout) -> None:
    """Writes all accounts to `accounts.json`. Raises OSError when the export fails."""
    response = request("GET", _accounts_url(layout, "batchGet?maxResults=-1"), headers=_OWNER)
    if response.status != 200:
        raise OSError(response.body.decode(errors="replace"))
    temporary_file = layout.folder / "accounts.new"
    temporary_file.touch(mode=0o600)
    temporary_file.write_bytes(response.body)
    temporary_file.replace(layout.folder / "accounts.json")


def import_auth(layout: SuiteLayout) -> None:
    """Imports the accounts of the last export, if there is one."""
    try:
        users = json.loads((layout.folder / "accounts.json").read_text()).get("users", [])
    except (OSError, ValueError):
        return
    if users:
        response = request(
            "POST", _accounts_url(layout, "batchCreate"), {"users": users}, headers=_OWNER
        )
        if response.status != 200:
            raise OSError(response.body.decode(errors="replace"))


def _accounts_url(layout: SuiteLayout, method: str) -> str:
    base = f"{layout.url('auth')}/identitytoolkit.googleapis.com/v1"
    return f"{base}/projects/{PROJECT}/accounts:{method}"
