"""The contract table in infra/README.md: it lists every test with its result, and no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.tools import contract_table
from infra.tools.contract_table import (
    SuiteFile,
    find_problems,
    read_report,
    render_table,
    replace_table,
)

REPORT = """<testsuites><testsuite>
<testcase classname="tests.contract.gcs.test_one" name="test_holds[a]"/>
<testcase classname="tests.contract.gcs.test_one" name="test_holds[b]"/>
<testcase classname="tests.contract.gcs.test_one" name="test_breaks"><failure/></testcase>
<testcase classname="tests.contract.gcs.test_two" name="test_holds"><skipped/></testcase>
</testsuite></testsuites>"""

SUITE = [
    SuiteFile("test_one", "One", ["test_holds", "test_breaks", "test_never_ran"]),
    SuiteFile("test_two", "Two", ["test_holds"]),
]


@pytest.fixture
def rendered(tmp_path: Path) -> str:
    report = tmp_path / "report.xml"
    report.write_text(REPORT)
    return (
        f"{contract_table.BEGIN}\n{render_table(SUITE, read_report(report))}\n{contract_table.END}"
    )


def test_readme_lists_every_contract_test_as_passed() -> None:
    problems = find_problems(contract_table.README.read_text(), contract_table.read_suite())
    assert not problems, (
        "run the contract suite with --sweep --junitxml, then infra.tools.contract_table"
    )


def test_table_shows_failed_skipped_and_missing_tests(rendered: str) -> None:
    assert rendered.splitlines()[3:10] == [
        "| **One** | | |",
        "| holds | 2 | passed |",
        "| breaks | 1 | **1 failed** |",
        "| never ran | 0 | not run |",
        "| **Two** | | |",
        "| holds | 1 | **1 failed** |",
        "",
    ]
    assert rendered.splitlines()[10] == "4 behaviours, 2 of 4 cases passed."


def test_problems_lists_failed_missing_and_obsolete_rows(rendered: str) -> None:
    passed = rendered.replace("**1 failed**", "passed").replace("not run", "passed")
    assert find_problems(passed, SUITE) == []
    assert find_problems(rendered, SUITE) == [
        "**1 failed**: breaks", "not run: never ran", "**1 failed**: holds",
    ]  # fmt: skip

    longer = [*SUITE, SuiteFile("test_three", "Three", ["test_new"])]
    assert find_problems(passed, longer) == ["not in the table: new"]
    assert find_problems(passed, SUITE[:1]) == ["no longer in the suite: holds"]


def test_table_is_replaced_between_its_markers() -> None:
    page = f"# Title\n\nText\n{contract_table.BEGIN}\n{contract_table.END}\nEnd\n"
    once = replace_table(page, "| a |")
    assert once == f"# Title\n\nText\n{contract_table.BEGIN}\n| a |\n{contract_table.END}\nEnd\n"
    assert replace_table(once, "| a |") == once
