"""Every template of an email, with hostile names: escaped, complete, and the same as plain text."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from shared.emails.brand import DARK, LIGHT
from shared.emails.render import LANGUAGES, TEMPLATES, WIDTH, RenderedEmail, render
from shared.emails.values import MAX_TITLE_CHARS, cut_line, format_size, message_id
from tests.fixtures.emails import Tags, template_values

HOSTILE = {
    "markup": '<img src=x onerror=alert(1)> & "quotes" </title><script>{{ 7 * 7 }}',
    "right-to-left": "חופשה \u202eevil\u202c \u2067עברית\u2069 بالعربية",
    "long": "x" * 200,
    "emoji": "👩‍👩‍👧‍👦 🏳️‍🌈 é𝒳",
    "lines": "a\r\nBcc: victim@moodreel.test\n\n-- \nforged\u2028\x00",
}
TOKENS = Path("functions/console/web/src/style/tokens.css")
NAMES = sorted(template_values(""))
PARTIAL = {"base", "job", "account", "code", "common", "advice"}


def render_one(template: str, name: str = "Holiday", picture: bytes = b"") -> RenderedEmail:
    return render(template, template_values(name, picture=picture)[template], LANGUAGES[0])


def test_every_template_is_tested() -> None:
    for language in LANGUAGES:
        names = {path.stem for path in (TEMPLATES / language).glob("*.jinja")}
        assert names - PARTIAL == set(NAMES)


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("template", NAMES)
def test_hostile_name_is_shown_as_it_is_and_changes_nothing_else(template: str, name: str) -> None:
    email, plain = render_one(template, name), render_one(template)
    page, plain_page = Tags(email.html), Tags(plain.html)

    assert [tag for tag, _ in page.tags] == [tag for tag, _ in plain_page.tags]
    assert page.links == plain_page.links
    assert page.open == []
    assert len(email.subject) < MAX_TITLE_CHARS + 40
    assert not re.search(r"[\r\n\u2028\u202a-\u202e\u2066-\u2069\x00]", email.subject)
    assert "{{" not in email.html.replace("{{ 7 * 7 }}", "")
    assert not re.search(r"\b49\b|\{%|Undefined|None\b", page.text + email.text)
    assert email.text.count("\n-- \n") == 1, "a name cannot end the text"


@pytest.mark.parametrize("template", NAMES)
def test_plain_text_says_what_the_html_says(template: str) -> None:
    email = render_one(template)
    # The line that lists of emails show repeats what the email says.
    page = Tags(re.sub(r'<div style="display:none.*?</div>', "", email.html))
    text = " ".join(email.text.split()).replace(":", "")

    for words in {" ".join(run.split()) for run in page.texts} - {"M", "Moodreel"}:
        assert words.replace(":", "") in text
    for link in page.links:
        assert link in email.text.split()
    for line in email.text.splitlines():
        assert len(line) <= WIDTH or "https://" in line


@pytest.mark.parametrize("template", NAMES)
def test_html_loads_nothing_and_has_one_button(template: str) -> None:
    html = render_one(template, picture=b"jpeg").html

    assert not re.search(r"url\(|@import|<link|<script|<form", html)
    assert set(re.findall(r'src="([^"]*)"', html)) <= {"cid:thumbnail"}
    assert html.count('class="mr-button-label"') == 1


@pytest.mark.parametrize("template", NAMES)
def test_every_colour_has_one_for_dark_mode(template: str) -> None:
    for tag, attributes in Tags(render_one(template).html).tags:
        if re.search(r"color:#|background:#", attributes.get("style") or ""):
            assert "mr-" in str(attributes.get("class")), (tag, attributes)


def test_missing_value_is_an_error() -> None:
    values = {**template_values("x")["job_done"]}
    del values["kept_until"]
    with pytest.raises(UndefinedError):
        render("job_done", values, LANGUAGES[0])


def test_colours_are_those_of_the_console() -> None:
    tokens = dict(re.findall(r"--([a-z-]+): light-dark\((#\w+, #\w+)\)", TOKENS.read_text()))
    names = {"surface": "surface-raised", "text": "text-color", "muted": "text-muted"}
    for name, light in LIGHT.items():
        token = names.get(name, name.replace("_", "-"))
        assert tokens[token] == f"{light}, {DARK[name]}", token


def test_line_keeps_joiners_and_removes_control_characters() -> None:
    assert cut_line(" a\tb\r\nc\x00\u202e ") == "a b c"
    assert cut_line(HOSTILE["emoji"]) == HOSTILE["emoji"]
    assert len(cut_line("x" * 500)) == MAX_TITLE_CHARS


@pytest.mark.parametrize(
    ("size_bytes", "expected"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (5_300_000_000, "5.3 GB")],
)
def test_size_has_decimal_units(size_bytes: int, expected: str) -> None:
    assert format_size(size_bytes) == expected


def test_message_id_has_the_domain_of_the_sender() -> None:
    assert message_id("a.0", "Moodreel <noreply@moodreel.test>") == "<a.0@moodreel.test>"
    assert message_id("a.0", "") == "<a.0@localhost>"
