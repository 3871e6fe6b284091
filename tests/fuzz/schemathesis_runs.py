"""Runs of schemathesis, which is installed in an environment of its own."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from infra.local.setup.tools import prepare_python

FOLDER = Path(__file__).parent
# Runs are repeatable. One worker, because its threads conflict with the parser of Python 3.11.
REPEATABLE_ARGUMENTS = ("--workers", "1", "--seed", "1", "--generation-database", "none")
CHECK_ARGUMENTS = (
    "--checks",
    "all",
    "--max-redirects",
    "0",
    "--request-timeout",
    "30",
    "--no-color",
)


def run_schemathesis(
    url: str,
    folder: Path,
    *arguments: str,
    path_params: Mapping[str, str] | None = None,
    document: str = "/v1/openapi.json",
) -> int:
    """Runs schemathesis over a document that a function serves.

    Args:
        url: The URL of the function.
        path_params: Values for parameters of paths.
        document: The path of its document.

    Returns:
        The number of requests, which must all have passed.
    """
    config = folder / "schemathesis.toml"
    rows = [f'{name} = "{value}"' for name, value in (path_params or {}).items()]
    settings = (FOLDER / "schemathesis.toml").read_text()
    config.write_text("\n".join([settings, "[parameters]", *rows, ""]))
    python = prepare_python(FOLDER / "schemathesis.txt", "schemathesis", print)
    result = subprocess.run(
        [
            str(python), "-m", "schemathesis.cli", "--config-file", str(config),
            "run", f"{url}{document}", "--url", url,
            *CHECK_ARGUMENTS, *REPEATABLE_ARGUMENTS, *arguments,
        ],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    output = result.stdout + result.stderr
    assert result.returncode == 0, output[-20_000:]
    [generated, passed] = re.findall(r"([0-9]+) generated, ([0-9]+) passed", output)[0]
    assert generated == passed
    return int(generated)
