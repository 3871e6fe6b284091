"""The results of the contract suite as a table in infra/README.md.

pytest tests/contract/gcs --sweep --junitxml=report.xml
python -m infra.tools.contract_table report.xml   writes the table from pytest's report
python -m infra.tools.contract_table --check      fails when a row is missing, obsolete or failed
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
SUITE_DIR = ROOT / "tests" / "contract" / "gcs"
README = ROOT / "infra" / "README.md"
BEGIN, END = "<!-- rendered: promises -->", "<!-- /rendered -->"


@dataclass
class CaseCounts:
    """How often a promise was put to the test, and how often it was kept."""

    passed: int = 0
    total: int = 0


@dataclass
class SuiteFile:
    """One file of the suite: what its docstring says, and its tests in their order."""

    file: str
    title: str
    test_names: list[str] = field(default_factory=list)


def read_suite(folder: Path = SUITE_DIR) -> list[SuiteFile]:
    """The suite as its files tell it, without running it."""
    told = []
    for path in sorted(folder.rglob("test_*.py")):
        tree = ast.parse(path.read_text())
        title = (ast.get_docstring(tree) or path.stem).splitlines()[0]
        # Tests may stand in classes; ast.walk would lose their order.
        nodes = [
            inner
            for node in tree.body
            for inner in (node.body if isinstance(node, ast.ClassDef) else [node])
        ]
        names = [
            node.name
            for node in nodes
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
        ]
        told.append(SuiteFile(path.stem, title.rstrip("."), names))
    return told


def read_report(report: Path) -> dict[tuple[str, str], CaseCounts]:
    """What pytest's JUnit file says, by (file, test); a skipped one was not kept."""
    found: dict[tuple[str, str], CaseCounts] = {}
    for case in ElementTree.parse(report).iter("testcase"):  # noqa: S314 - pytest's own file
        file = next(part for part in case.attrib["classname"].split(".") if part[:5] == "test_")
        one = found.setdefault((file, case.attrib["name"].split("[")[0]), CaseCounts())
        one.total += 1
        one.passed += not any(case.find(bad) is not None for bad in ("failure", "error", "skipped"))
    return found


def render_table(suite: list[SuiteFile], counts: dict[tuple[str, str], CaseCounts]) -> str:
    """A row a promise; a promise that was not put to the test says so."""
    lines = ["| promise | cases | |", "| --- | ---: | --- |"]
    for chapter in suite:
        lines.append(f"| **{chapter.title}** | | |")
        for name in chapter.test_names:
            one = counts.get((chapter.file, name), CaseCounts())
            verdict = "not tried" if not one.total else "kept"
            if one.passed < one.total:
                verdict = f"**broken in {one.total - one.passed}**"
            lines.append(f"| {to_sentence(name)} | {one.total} | {verdict} |")
    kept = sum(one.passed for one in counts.values())
    tried = sum(one.total for one in counts.values())
    lines += [
        "",
        f"{sum(len(one.test_names) for one in suite)} promises, {kept} of {tried} cases kept.",
    ]
    return "\n".join(lines)


def to_sentence(name: str) -> str:
    """`test_a_rule_fires` → `a rule fires`."""
    return name.removeprefix("test_").replace("_", " ")


def find_problems(readme: str, suite: list[SuiteFile]) -> list[str]:
    """Why the table in the README is not to be trusted; empty when it is."""
    _, shown, _ = _parts(readme)
    rows = re.findall(r"^\| (?!promise|---|\*\*)(.+?) \| \d+ \| (.+?) \|$", shown, re.MULTILINE)
    in_table = Counter(name for name, _ in rows)
    in_suite = Counter(to_sentence(name) for one in suite for name in one.test_names)
    wrong = [f"not in the table: {name}" for name in (in_suite - in_table).elements()]
    wrong += [f"not in the suite any more: {name}" for name in (in_table - in_suite).elements()]
    return wrong + [f"{verdict}: {name}" for name, verdict in rows if verdict != "kept"]


def replace_table(readme: str, new_table: str) -> str:
    """The README with a fresh table in its place, whatever stood there."""
    before, _, after = _parts(readme)
    return f"{before}{BEGIN}\n{new_table}\n{END}{after}"


def _parts(readme: str) -> tuple[str, str, str]:
    before, begin, rest = readme.partition(BEGIN)
    shown, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit("infra/README.md has no place for the rendered promises.")
    return before, shown, after


def main(arguments: list[str] | None = None) -> int:
    """Write the table, or say what is wrong with it and fail."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.tools.contract_table", description=__doc__
    )
    parser.add_argument("report", nargs="?", type=Path, help="JUnit file of a run of the suite")
    parser.add_argument("--check", action="store_true", help="fail instead of writing")
    asked = parser.parse_args(arguments)
    readme, told = README.read_text(), read_suite()
    if not asked.check:
        if asked.report is None:
            parser.error("a report, or --check")
        readme = replace_table(readme, render_table(told, read_report(asked.report)))
        README.write_text(readme)
    wrong = find_problems(readme, told)
    sys.stderr.writelines(f"{line}\n" for line in wrong)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
