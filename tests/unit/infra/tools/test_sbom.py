"""Licences: a table of exactly what is locked, in which nothing is undeclared."""

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


def test_the_table_is_of_the_versions_that_are_locked_and_every_licence_is_known() -> None:
    locks = {name: path.read_text() for name, path in sbom.find_locks().items()}
    page = sbom.LICENCES_PATH.read_text()
    wrong = find_problems(page, locks) + find_stale_packages(page)
    assert not wrong, "run python -m infra.tools.sbom"


def test_every_environment_that_can_be_deployed_is_in_it() -> None:
    names = set(sbom.find_locks())
    assert names - set(FUNCTIONS) == {"slide_generation with google-generativeai"}
    assert {row.name for row in FUNCTIONS.values() if row.is_built} <= names


@pytest.mark.parametrize(
    ("told", "licence"),
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
def test_a_licence_is_told_as_exactly_as_it_was_declared(told: list[object], licence: str) -> None:
    [part] = read_components({"components": [component("Some.Thing", *told)]})  # type: ignore[arg-type]
    assert part == Component("some-thing", "1.0", licence)


def test_a_table_that_is_not_of_the_lock_is_noticed() -> None:
    good = render_table({"api": [Component("some-thing", "1.0", "MIT")]})
    assert find_problems(good, {"api": LOCK}) == []
    older = render_table({"api": [Component("some-thing", "0.9", "MIT")]})
    assert find_problems(older, {"api": LOCK}) == [
        "not in the table, or undeclared: some-thing 1.0", "not locked any more: some-thing 0.9",
    ]  # fmt: skip
    undeclared = render_table({"api": [Component("some-thing", "1.0", "**undeclared**")]})
    assert find_problems(undeclared, {"api": LOCK})
