"""The console's own language: its types hold, and its pure modules do what they say."""

from __future__ import annotations

import re
import subprocess
from functools import lru_cache
from pathlib import Path

from infra.local.setup import console
from infra.local.setup.tools import find_node_and_npm

_LONGEST_S = 600


@lru_cache(1)
def _workshop() -> tuple[Path, Path]:
    """Node, and the sources with their packages beside them."""
    node, npm = find_node_and_npm(lambda _: None)
    return node, console.build_console(node, npm, lambda _: None)


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    _, folder = _workshop()
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, timeout=_LONGEST_S
    )


def test_the_types_of_every_page_hold() -> None:
    done = _run(str(_workshop()[0]), "node_modules/.bin/tsc", "--project", "tsconfig.json")
    assert done.returncode == 0, done.stdout


def test_the_pure_modules_do_what_they_say(tmp_path: Path) -> None:
    node, folder = _workshop()
    tests = sorted(str(path.relative_to(folder)) for path in (folder / "tests").glob("*.test.ts"))
    done = _run(
        str(node), "node_modules/.bin/esbuild", *tests, "--bundle", "--platform=node",
        "--format=esm", f"--outdir={tmp_path}", "--out-extension:.js=.mjs", "--log-level=warning",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    done = _run(str(node), "--test", str(tmp_path))
    assert done.returncode == 0, done.stdout[-6000:]
    passed = re.search(r"^# pass (\d+)$", done.stdout, re.MULTILINE)
    # Where nothing is found to be run, nothing fails.
    assert passed is not None
    assert int(passed[1]) >= len(tests)
