"""The configuration of the Firebase CLI names the files that the local suite and Terraform use."""

from __future__ import annotations

import json

from infra.local.suite.layout import PROJECT, ROOT

INFRA = ROOT / "infra"


def test_firebase_uses_the_rules_and_indexes_of_the_suite() -> None:
    configuration = json.loads((INFRA / "firebase.json").read_text())
    files = configuration["firestore"]
    assert (INFRA / files["rules"]).samefile(INFRA / "firestore.rules")
    assert (INFRA / files["indexes"]).samefile(INFRA / "firestore.indexes.json")
    hosts = {row["host"] for row in configuration["emulators"].values() if isinstance(row, dict)}
    assert hosts == {"127.0.0.1"}


def test_default_project_is_that_of_the_suite() -> None:
    """A project whose name begins with `demo-` cannot reach Google."""
    projects = json.loads((INFRA / ".firebaserc").read_text())["projects"]
    assert projects == {"default": PROJECT}
    assert PROJECT.startswith("demo-")
