"""The keys of a suite: created once, and each private one is given to one function."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from infra.local.setup.tools import Tools
from infra.local.suite.keys import KEYS_FILE, create_keys
from infra.local.suite.layout import SetupError, SuiteLayout
from infra.local.suite.services import all_services
from shared.adapters.hpke import find_public_key
from shared.pipeline import FUNCTIONS
from shared.runtime.settings import Settings


def make_tools(python: str) -> Tools:
    x, rows = Path("x"), FUNCTIONS.values()
    return Tools(x, x, x, x, x, Path(python), {row.name: Path("python") for row in rows})


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SuiteLayout:
    monkeypatch.setattr(SuiteLayout, "folder", tmp_path)
    return SuiteLayout(9000)


def test_each_private_key_is_given_to_one_function(layout: SuiteLayout) -> None:
    tools = make_tools(sys.executable)
    create_keys(layout, tools)
    stored = (layout.folder / KEYS_FILE).read_text()
    create_keys(layout, tools)
    services = all_services(layout, tools, list(FUNCTIONS.values()))
    settings = {
        service.name: Settings.from_env(service.env)
        for service in services
        if service.name in FUNCTIONS
    }

    assert (layout.folder / KEYS_FILE).read_text() == stored, "documents become unreadable"
    assert (layout.folder / KEYS_FILE).stat().st_mode & 0o777 == 0o600
    api = settings["api"]
    assert api.camera_public_key == find_public_key(settings["recorder"].camera_keys)
    assert api.webhook_public_key == find_public_key(settings["webhook"].webhook_keys)
    assert api.fetch_public_key == find_public_key(settings["input_fetch"].fetch_keys)
    delivery = settings["result_delivery"].delivery_keys
    assert api.delivery_public_key == find_public_key(delivery)
    keys_of_api = {
        api.camera_public_key, api.webhook_public_key, api.fetch_public_key,
        api.delivery_public_key,
    }  # fmt: skip
    assert len(keys_of_api) == 4
    for name, keys in (
        ("recorder", settings["recorder"].camera_keys),
        ("webhook", settings["webhook"].webhook_keys),
        ("input_fetch", settings["input_fetch"].fetch_keys),
        ("result_delivery", delivery),
    ):
        assert [row.name for row in services if keys in row.env.values()] == [name]


def test_suite_of_an_earlier_version_gets_the_keys_that_it_lacks(layout: SuiteLayout) -> None:
    tools = make_tools(sys.executable)
    create_keys(layout, tools)
    path = layout.folder / KEYS_FILE
    keys = json.loads(path.read_text())
    earlier = {name: keys[name] for name in keys if "FETCH" not in name}
    path.write_text(json.dumps(earlier))
    create_keys(layout, tools)

    completed = json.loads(path.read_text())
    assert completed.keys() == keys.keys()
    assert {name: completed[name] for name in earlier} == earlier


def test_keys_that_cannot_be_created_stop_the_start(layout: SuiteLayout, tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho no library >&2\nexit 1\n")
    python.chmod(0o755)

    with pytest.raises(SetupError, match="no library"):
        create_keys(layout, make_tools(str(python)))
    assert not (layout.folder / KEYS_FILE).exists()
