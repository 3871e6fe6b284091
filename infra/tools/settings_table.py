"""The table of all settings in infra/README.md, from the fields and docstrings of `Settings`."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from shared.pipeline import Bucket
from shared.runtime.environment import EnvVariable, list_variables
from shared.runtime.settings import BUCKET_VARIABLES, Settings


def render_table() -> str:
    """Returns all settings as a Markdown table, in the order of the class."""
    rows = ["| variable | default | meaning |", "| --- | --- | --- |"]
    rows += [
        f"| `{BUCKET_VARIABLES[role]}` | required | The name of the bucket `{role}`. |"
        for role in Bucket
    ]
    documentation = read_field_docstrings(Settings)
    for name, variable in list_variables(Settings):
        meaning = documentation[name]
        if variable.is_secret:
            meaning = f"Secret. {meaning}"
        if variable.is_local_only:
            meaning = f"Local suite only. {meaning}"
        rows.append(f"| `{variable.name}` | {_describe_default(variable)} | {meaning} |")
    return "\n".join(rows)


def read_field_docstrings(kind: type[Any]) -> Mapping[str, str]:
    """Returns the string literal below each field of a class, as one line. Python itself does not
    keep it."""
    source = ast.parse(inspect.getsource(kind))
    (definition,) = (node for node in source.body if isinstance(node, ast.ClassDef))
    found = {}
    for statement, following in pairwise(definition.body):
        match statement, following:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                found[name] = " ".join(text.split())
    return found


def _describe_default(variable: EnvVariable) -> str:
    if variable.is_required:
        return "required"
    default = variable.default
    if variable.default_from is not None or default in ("", None, ()):
        text = ""
    else:
        text = f"`{int(default) if isinstance(default, bool) else default}`"
    if variable.local_default != default:
        text = f"{text}; `{variable.local_default}` locally".removeprefix("; ")
    return text
