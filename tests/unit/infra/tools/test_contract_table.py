"""The table of promises in infra/README.md: it names all of them, and it cannot say more."""

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


def test_the_readme_names_every_promise_and_each_was_kept() -> None:
    wrong = find_problems(contract_table.README.read_text(), contract_table.read_suite())
    assert not wrong, (
        "run the contract suite with --sweep --junitxml, then infra.tools.contract_table"
    )


def test_broken_skipped_and_untried_promises_are_told_as_what_they_are(rendered: str) -> None:
    assert rendered.splitlines()[3:10] == [
        "| **One** | | |",
        "| holds | 2 | kept |",
        "| breaks | 1 | **broken in 1** |",
        "| never ran | 0 | not tried |",
        "| **Two** | | |",
        "| holds | 1 | **broken in 1** |",
        "",
    ]
    assert rendered.splitlines()[10] == "4 promises, 2 of 4 cases kept."


def test_a_table_that_hides_something_is_caught(rendered: str) -> None:
    kept = rendered.replace("**broken in 1**", "kept").replace("not tried", "kept")
    assert find_problems(kept, SUITE) == []
    assert find_problems(rendered, SUITE) == [
        "**broken in 1**: breaks", "not tried: never ran", "**broken in 1**: holds",
    ]  # fmt: skip

    more = [*SUITE, SuiteFile("test_three", "Three", ["test_new"])]
    assert find_problems(kept, more) == ["not in the table: new"]
    assert find_problems(kept, SUITE[:1]) == ["not in the suite any more: holds"]


def test_an_empty_place_gets_one_table_and_the_rest_of_the_page_stays() -> None:
    page = f"# Title\n\nText\n{contract_table.BEGIN}\n{contract_table.END}\nEnd\n"
    once = replace_table(page, "| a |")
    assert once == f"# Title\n\nText\n{contract_table.BEGIN}\n| a |\n{contract_table.END}\nEnd\n"
    assert replace_table(once, "| a |") == once
