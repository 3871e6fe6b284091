"""Type check and unit tests of the console's TypeScript."""

from __future__ import annotations

import re
import shutil
import subprocess
from functools import lru_cache
from pathlib import Path

from infra.local.setup import console
from infra.local.setup.tools import find_node_and_npm

_TIMEOUT_S = 600


@lru_cache(1)
def _workshop() -> tuple[Path, Path]:
    """Returns the path of node, and a copy of the sources with its packages."""
    node, npm = find_node_and_npm(lambda _: None)
    return node, console.build_console(node, npm, lambda _: None)


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    _, folder = _workshop()
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, timeout=_TIMEOUT_S
    )


def test_types_are_correct() -> None:
    process = _run(str(_workshop()[0]), "node_modules/.bin/tsc", "--project", "tsconfig.json")
    assert process.returncode == 0, process.stdout


ADDITIONS = {
    "src/labels.ts": ("  paper: {", '  marble: { from: "", to: "", text: "", accent: "" },'),
    "src/new/recipe-fields.ts": ("      every: {", '      depth: { type: "text", default: "" },'),
    "src/job/labels.ts": ('  "redriven",', '  "paused",'),
}
"""A theme, an option and an event for the contract, by the file that lacks their labels: the line
before which each stands, and its text."""


def test_name_in_the_contract_without_a_label_is_a_type_error(tmp_path: Path) -> None:
    node, folder = _workshop()
    for path in ("src", "tsconfig.json"):
        copy = shutil.copytree if (folder / path).is_dir() else shutil.copy
        copy(folder / path, tmp_path / path)
    (tmp_path / "node_modules").symlink_to((folder / "node_modules").resolve())
    contract = tmp_path / "src" / "contract.ts"
    source = contract.read_text()
    for name, addition in ADDITIONS.values():
        assert name in source
        source = source.replace(name, f"{addition}\n{name}")
    contract.write_text(source)
    # One check for all of them: it takes seconds.
    process = subprocess.run(
        [str(node), "node_modules/.bin/tsc", "--project", "tsconfig.json"],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=_TIMEOUT_S,
    )  # fmt: skip
    assert process.returncode != 0
    assert [labels for labels in ADDITIONS if labels not in process.stdout] == []


def test_typescript_unit_tests_pass(tmp_path: Path) -> None:
    node, folder = _workshop()
    tests = sorted(str(path.relative_to(folder)) for path in (folder / "tests").glob("*.test.ts"))
    process = _run(
        str(node), "node_modules/.bin/esbuild", *tests, "--bundle", "--platform=node",
        "--format=esm", f"--outdir={tmp_path}", "--out-extension:.js=.mjs", "--log-level=warning",
    )  # fmt: skip
    assert process.returncode == 0, process.stderr
    process = _run(str(node), "--test", str(tmp_path))
    assert process.returncode == 0, process.stdout[-6000:]
    passed = re.search(r"^# pass (\d+)$", process.stdout, re.MULTILINE)
    # The runner succeeds as well when it finds no test.
    assert passed is not None
    assert int(passed[1]) >= len(tests)
