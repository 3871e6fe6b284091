"""The README's table of dependencies: every direct dependency of a function, and no other."""

from __future__ import annotations

import pytest

from infra.tools import dependencies


def test_every_direct_dependency_has_a_purpose() -> None:
    assert dependencies.find_dependents().keys() == dependencies.PURPOSES.keys()


def test_package_without_a_purpose_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(dependencies.PURPOSES, "pillow")
    with pytest.raises(ValueError, match="pillow"):
        dependencies.render_table()


def test_deprecated_library_is_marked_and_in_no_default_environment() -> None:
    [row] = [
        line for line in dependencies.render_table().splitlines() if "| google-generativeai" in line
    ]
    assert "out of support" in row
    assert dependencies.find_dependents()["google-generativeai"] == {
        "`slide_generation` with google-generativeai"
    }
    assert dependencies.find_dependents()["google-genai"] == {"`slide_generation`"}
