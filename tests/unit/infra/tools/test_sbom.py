"""The table of licences: exactly the locked versions, each with a licence."""

from __future__ import annotations

import pytest

from infra.tools import sbom
from infra.tools.sbom import (
    Component,
    find_problems,
    find_stale_packages,
    read_components,
    render_table,
)
from shared.pipeline import FUNCTIONS

LOCK = 'Some_Thing==1.0\n    # via x\nother==2.0 ; sys_platform == "win32"\n'


def component(name: str, *licences: dict[str, object]) -> dict[str, object]:
    return {"name": name, "version": "1.0", "licenses": list(licences)}


def test_table_has_the_locked_versions_and_every_licence() -> None:
    locks = {name: path.read_text() for name, path in sbom.find_locks().items()}
    page = sbom.LICENCES_PATH.read_text()
    problems = find_problems(page, locks) + find_stale_packages(page)
    assert not problems, "run python -m infra.tools.sbom"


def test_every_deployable_environment_has_a_lock() -> None:
    names = set(sbom.find_locks())
    assert names - set(FUNCTIONS) == {"slide_generation with google-generativeai"}
    assert set(FUNCTIONS) <= names


@pytest.mark.parametrize(
    ("declared", "licence"),
    [
        ([{"license": {"id": "MIT"}}], "MIT"),
        ([{"expression": "Apache-2.0 OR MIT"}], "Apache-2.0 OR MIT"),
        (
            [
                {"license": {"id": "BSD-3-Clause"}},
                {"license": {"name": "License :: OSI Approved :: BSD License"}},
            ],
            "BSD-3-Clause",
        ),
        ([], "**undeclared**"),
    ],
)
def test_licence_is_the_most_exact_declaration(declared: list[object], licence: str) -> None:
    [result] = read_components({"components": [component("Some.Thing", *declared)]})  # type: ignore[arg-type]
    assert result == Component("some-thing", "1.0", licence)


def test_differences_from_the_lock_are_reported() -> None:
    table = render_table({"api": [Component("some-thing", "1.0", "MIT")]})
    assert find_problems(table, {"api": LOCK}) == []
    older = render_table({"api": [Component("some-thing", "0.9", "MIT")]})
    assert find_problems(older, {"api": LOCK}) == [
        "no longer locked: some-thing 0.9", "not in the table, or undeclared: some-thing 1.0",
    ]  # fmt: skip
    undeclared = render_table({"api": [Component("some-thing", "1.0", "**undeclared**")]})
    assert find_problems(undeclared, {"api": LOCK})
