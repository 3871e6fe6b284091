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
SUITE = ROOT / "tests" / "contract" / "gcs"
README = ROOT / "infra" / "README.md"
BEGIN, END = "<!-- rendered: promises -->", "<!-- /rendered -->"


@dataclass
class Outcome:
    """How often a promise was put to the test, and how often it was kept."""

    kept: int = 0
    tried: int = 0


@dataclass
class Chapter:
    """One file of the suite: what its docstring says, and its tests in their order."""

    file: str
    title: str
    promises: list[str] = field(default_factory=list)


def chapters(suite: Path = SUITE) -> list[Chapter]:
    """The suite as its files tell it, without running it."""
    told = []
    for path in sorted(suite.rglob("test_*.py")):
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
        told.append(Chapter(path.stem, title.rstrip("."), names))
    return told


def outcomes(report: Path) -> dict[tuple[str, str], Outcome]:
    """What pytest's JUnit file says, by (file, test); a skipped one was not kept."""
    found: dict[tuple[str, str], Outcome] = {}
    for case in ElementTree.parse(report).iter("testcase"):  # noqa: S314 - pytest's own file
        file = next(part for part in case.attrib["classname"].split(".") if part[:5] == "test_")
        one = found.setdefault((file, case.attrib["name"].split("[")[0]), Outcome())
        one.tried += 1
        one.kept += not any(case.find(bad) is not None for bad in ("failure", "error", "skipped"))
    return found


def table(told: list[Chapter], found: dict[tuple[str, str], Outcome]) -> str:
    """A row a promise; a promise that was not put to the test says so."""
    lines = ["| promise | cases | |", "| --- | ---: | --- |"]
    for chapter in told:
        lines.append(f"| **{chapter.title}** | | |")
        for name in chapter.promises:
            one = found.get((chapter.file, name), Outcome())
            verdict = "not tried" if not one.tried else "kept"
            if one.kept < one.tried:
                verdict = f"**broken in {one.tried - one.kept}**"
            lines.append(f"| {sentence(name)} | {one.tried} | {verdict} |")
    kept = sum(one.kept for one in found.values())
    tried = sum(one.tried for one in found.values())
    lines += [
        "",
        f"{sum(len(one.promises) for one in told)} promises, {kept} of {tried} cases kept.",
    ]
    return "\n".join(lines)


def sentence(name: str) -> str:
    """`test_a_rule_fires` → `a rule fires`."""
    return name.removeprefix("test_").replace("_", " ")


def complaints(readme: str, told: list[Chapter]) -> list[str]:
    """Why the table in the README is not to be trusted; empty when it is."""
    _, shown, _ = _parts(readme)
    rows = re.findall(r"^\| (?!promise|---|\*\*)(.+?) \| \d+ \| (.+?) \|$", shown, re.MULTILINE)
    in_table = Counter(name for name, _ in rows)
    in_suite = Counter(sentence(name) for one in told for name in one.promises)
    wrong = [f"not in the table: {name}" for name in (in_suite - in_table).elements()]
    wrong += [f"not in the suite any more: {name}" for name in (in_table - in_suite).elements()]
    return wrong + [f"{verdict}: {name}" for name, verdict in rows if verdict != "kept"]


def put(readme: str, fresh: str) -> str:
    """The README with a fresh table in its place, whatever stood there."""
    before, _, after = _parts(readme)
    return f"{before}{BEGIN}\n{fresh}\n{END}{after}"


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
    readme, told = README.read_text(), chapters()
    if not asked.check:
        if asked.report is None:
            parser.error("a report, or --check")
        readme = put(readme, table(told, outcomes(asked.report)))
        README.write_text(readme)
    wrong = complaints(readme, told)
    sys.stderr.writelines(f"{line}\n" for line in wrong)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
