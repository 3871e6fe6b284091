"""The console's contract agrees with what the API accepts and what the stages write."""

from __future__ import annotations

import ast
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

import pytest

from functions.api.jobs.recipes import read_options
from infra.tools.console import contract, recipe_options
from shared.errors import InvalidOption
from shared.pipeline import PIPELINE_STAGES, RECIPES
from shared.recipes.stored_object import ResultKind
from shared.runtime.settings import Settings

ROOT = Path(__file__).parents[4]
CONSENT = {"consent": True, "purpose": "research"}
OPTIONS = [
    (recipe, option, spec)
    for recipe in RECIPES
    for option, spec in recipe_options.describe_recipe(recipe)["options"].items()
]
IDS = [f"{recipe}-{option}" for recipe, option, _ in OPTIONS]


def parse(recipe: str, **options: Any) -> dict[str, Any]:
    given = (CONSENT if recipe_options.describe_recipe(recipe)["consent"] else {}) | options
    defaults: dict[str, Any] = {field.name: field.default for field in fields(Settings)}
    settings = Settings(**defaults)
    return read_options(RECIPES[recipe], given, settings)


def test_every_recipe_lists_the_options_that_the_api_stores() -> None:
    for recipe in RECIPES:
        listed = {
            name: spec["default"]
            for name, spec in recipe_options.describe_recipe(recipe)["options"].items()
        }
        stored = parse(recipe)
        assert listed == {name: stored[name] for name in stored if name not in CONSENT}


@pytest.mark.parametrize(("recipe", "option", "spec"), OPTIONS, ids=IDS)
def test_api_accepts_what_the_contract_allows_and_nothing_beyond(
    recipe: str, option: str, spec: dict[str, Any]
) -> None:
    accepted, rejected = [], []
    if spec["type"] == "choice":
        accepted, rejected = spec["choices"], ["no-such-choice"]
    if "min" in spec:
        accepted, rejected = [spec["min"], spec["max"]], [spec["min"] - 1, spec["max"] + 1]
    if "maxChars" in spec:
        accepted, rejected = ["x" * spec["maxChars"]], ["x" * (spec["maxChars"] + 1)]
    if spec["type"] == "boolean":
        accepted, rejected = [True, False], ["perhaps"]
    for value in accepted:
        assert parse(recipe, **{option: value})[option] == value
    for value in rejected:
        with pytest.raises(InvalidOption):
            parse(recipe, **{option: value})


def test_rendered_module_is_the_same_in_every_run_and_says_where_it_comes_from() -> None:
    rendered = contract.render()
    assert rendered == contract.render()
    assert rendered.startswith("// Rendered by infra/tools/render.py; do not edit.\n")
    assert set(contract.describe_themes()) <= set(rendered.split('"'))
    for name in PIPELINE_STAGES:
        assert f"\n  {name}: " in rendered


def test_values_are_written_on_one_line_where_they_fit() -> None:
    value = {"a": [1, 2.5, None, True, 'a "b"'], "b-c": {"d": ["x" * 45, "y" * 45]}}
    assert contract.to_typescript(value).splitlines() == [
        "{",
        '  a: [1, 2.5, null, true, "a \\"b\\""],',
        '  "b-c": {',
        "    d: [",
        f'      "{"x" * 45}",',
        f'      "{"y" * 45}",',
        "    ],",
        "  },",
        "}",
    ]


def test_every_kind_of_result_that_the_functions_write_is_in_the_contract() -> None:
    """The kinds passed to `ResultsWriter` are checked by type; `to_artifact` takes any text."""
    written = {
        node.args[1].value
        for path in (ROOT / "functions").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "to_artifact"
        and isinstance(node.args[1], ast.Constant)
    }
    between_stages = {"upload", "slide", "pack", "directory", "narration", "scores"}
    data_requests = {"export", "inventory"}
    assert written - between_stages - data_requests <= set(get_args(ResultKind))
