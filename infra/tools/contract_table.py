"""The results of the Cloud Storage contract suite, as a table in infra/README.md.

The table lists one row per test: the test's name in words, its cases and their result. The heading
of each group is the first line of the test file's docstring.

pytest tests/contract/gcs --sweep --junitxml=report.xml
python -m infra.tools.contract_table report.xml   writes the table from pytest's report
python -m infra.tools.contract_table --check      fails when a row is missing, obsolete or failed
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
import xml.etree.ElementTree as ElementTree  # nosec B405 # reads pytest's own file
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
SUITE_DIR = ROOT / "tests" / "contract" / "gcs"
README = ROOT / "infra" / "README.md"
BEGIN, END = "<!-- rendered: contract -->", "<!-- /rendered -->"


@dataclass
class CaseCounts:
    """How many cases of a test were run, and how many passed."""

    passed: int = 0
    total: int = 0


@dataclass
class SuiteFile:
    """One file of the suite: the title from its docstring, and its tests in order."""

    file: str
    title: str
    test_names: list[str] = field(default_factory=list)


def read_suite(folder: Path = SUITE_DIR) -> list[SuiteFile]:
    """Returns the files and tests of the suite, from the source, without running it."""
    files = []
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
        files.append(SuiteFile(path.stem, title.rstrip("."), names))
    return files


def read_report(report: Path) -> dict[tuple[str, str], CaseCounts]:
    """Returns the counts of pytest's JUnit file, by (file, test). Skipped tests did not pass."""
    result: dict[tuple[str, str], CaseCounts] = {}
    for case in ElementTree.parse(report).iter("testcase"):  # noqa: S314 - pytest's own file  # nosec B314
        file = next(part for part in case.attrib["classname"].split(".") if part[:5] == "test_")
        counts = result.setdefault((file, case.attrib["name"].split("[")[0]), CaseCounts())
        counts.total += 1
        failures = ("failure", "error", "skipped")
        counts.passed += all(case.find(tag) is None for tag in failures)
    return result


def render_table(suite: list[SuiteFile], counts: dict[tuple[str, str], CaseCounts]) -> str:
    """Returns one row per test, and the totals below the table."""
    lines = ["| behaviour | cases | result |", "| --- | ---: | --- |"]
    for file in suite:
        lines.append(f"| **{file.title}** | | |")
        for name in file.test_names:
            test = counts.get((file.file, name), CaseCounts())
            result = "passed" if test.total else "not run"
            if test.passed < test.total:
                result = f"**{test.total - test.passed} failed**"
            lines.append(f"| {to_sentence(name)} | {test.total} | {result} |")
    test_count = sum(len(file.test_names) for file in suite)
    passed = sum(test.passed for test in counts.values())
    total = sum(test.total for test in counts.values())
    lines += ["", f"{test_count} behaviours, {passed} of {total} cases passed."]
    return "\n".join(lines)


def to_sentence(name: str) -> str:
    """Returns the words of a test's name: `a rule fires` for `test_a_rule_fires`."""
    return name.removeprefix("test_").replace("_", " ")


def find_problems(readme: str, suite: list[SuiteFile]) -> list[str]:
    """Returns the differences between the table in the README and the suite, and failed rows."""
    _, table, _ = _split(readme)
    rows = re.findall(r"^\| (.+?) \| \d+ \| (.+?) \|$", table, re.MULTILINE)
    in_table = Counter(name for name, _ in rows)
    in_suite = Counter(to_sentence(name) for file in suite for name in file.test_names)
    problems = [f"not in the table: {name}" for name in (in_suite - in_table).elements()]
    problems += [f"no longer in the suite: {name}" for name in (in_table - in_suite).elements()]
    return problems + [f"{result}: {name}" for name, result in rows if result != "passed"]


def replace_table(readme: str, new_table: str) -> str:
    """Returns the README with the new table between its markers."""
    before, _, after = _split(readme)
    return f"{before}{BEGIN}\n{new_table}\n{END}{after}"


def _split(readme: str) -> tuple[str, str, str]:
    before, begin, rest = readme.partition(BEGIN)
    table, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit("infra/README.md has no markers for the contract table.")
    return before, table, after


def main(arguments: list[str] | None = None) -> int:
    """Writes the table, or reports its problems. Returns 1 if there are any."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.tools.contract_table", description=__doc__
    )
    parser.add_argument("report", nargs="?", type=Path, help="JUnit file of a suite run")
    parser.add_argument("--check", action="store_true", help="fail instead of writing")
    args = parser.parse_args(arguments)
    readme, suite = README.read_text(), read_suite()
    if not args.check:
        if args.report is None:
            parser.error("a report or --check is required")
        readme = replace_table(readme, render_table(suite, read_report(args.report)))
        README.write_text(readme)
    problems = find_problems(readme, suite)
    sys.stderr.writelines(f"{line}\n" for line in problems)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
