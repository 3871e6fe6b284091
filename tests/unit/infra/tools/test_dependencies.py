"""The README's table of dependencies: every package that a function asks for, and no other."""

from __future__ import annotations

import pytest

from infra.tools import dependencies


def test_every_package_that_a_function_asks_for_is_explained() -> None:
    assert dependencies.find_users().keys() == dependencies.PURPOSES.keys()


def test_a_package_without_a_purpose_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(dependencies.PURPOSES, "pillow")
    with pytest.raises(ValueError, match="pillow"):
        dependencies.render_table()


def test_the_deprecated_library_is_said_to_be_so_and_is_in_no_default_environment() -> None:
    [row] = [
        line for line in dependencies.render_table().splitlines() if "| google-generativeai" in line
    ]
    assert "out of support" in row
    assert dependencies.find_users()["google-generativeai"] == {
        "`slide_generation` with google-generativeai"
    }
    assert dependencies.find_users()["google-genai"] == {"`slide_generation`"}
