"""Renders an email from its template: the subject, the HTML and the plain text.

A template of `templates/en` contains the sentences of one email, each of them once. It is rendered
twice, with the layout of `templates/html` and with that of `templates/text`. Another language is
another folder beside `templates/en`.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_eval_context
from jinja2.nodes import EvalContext
from markupsafe import Markup

from shared.emails.brand import DARK, LIGHT
from shared.emails.values import cut_line, format_size, message_id
from shared.ports.outbound import Email, InlineImage
from shared.runtime.settings import Settings

TEMPLATES = Path(__file__).with_name("templates")
LANGUAGES = ("en",)
WIDTH = 72
"""Characters in a line of the plain text. A URL is never wrapped."""
THUMBNAIL = "thumbnail"
"""The Content-ID of the picture of an email."""
EMAILS_PATH = "/account/emails"
"""The page of the console on which users choose their emails."""


@dataclass(frozen=True, slots=True)
class RenderedEmail:
    """The content of an email, in one language."""

    subject: str
    text: str
    html: str


def build_email(
    template: str,
    values: Mapping[str, Any],
    settings: Settings,
    *,
    to: str,
    seed: str,
    can_unsubscribe: bool = False,
    thumbnail: InlineImage | None = None,
    language: str = LANGUAGES[0],
) -> Email:
    """Returns an email.

    Args:
        template: The name of its template, such as `job_done`.
        values: What the template says.
        settings: Of the function.
        to: The address.
        seed: What identifies the email; the Message-ID derives from it.
        can_unsubscribe: Whether the user can choose not to get it.
        thumbnail: The picture above the heading.
        language: One of LANGUAGES.
    """
    preferences_url = f"{settings.console_url}{EMAILS_PATH}" if can_unsubscribe else ""
    common = {
        "to": to,
        "console_url": settings.console_url,
        "preferences_url": preferences_url,
        "thumbnail": thumbnail,
    }
    rendered = render(template, {**common, **values}, language)
    return Email(
        to=to,
        subject=rendered.subject,
        text=rendered.text,
        html=rendered.html,
        message_id=message_id(seed, settings.mail_from),
        images=() if thumbnail is None else (thumbnail,),
        unsubscribe_url=preferences_url,
    )


def render(template: str, values: Mapping[str, Any], language: str) -> RenderedEmail:
    """Returns the content of an email. Raises UndefinedError for a missing value."""
    text, html = _environment("text"), _environment("html")
    name = f"{language}/{template}.jinja"
    context = {**values, "language": language}
    source = text.get_template(name)
    subject = "".join(source.blocks["subject"](source.new_context(context)))
    context["subject"] = " ".join(subject.split())
    return RenderedEmail(
        context["subject"],
        re.sub(r"\n{3,}", "\n\n", source.render(context)).strip() + "\n",
        html.get_template(name).render(context) + "\n",
    )


def load_module(name: str, language: str) -> Any:
    """Returns the sentences and macros of a template that other templates import."""
    return _environment("text").get_template(f"{language}/{name}.jinja").module


@cache
def _environment(kind: str) -> Environment:
    """Returns the environment of `html` or `text`."""
    environment = Environment(
        loader=FileSystemLoader([TEMPLATES / kind, TEMPLATES]),
        autoescape=kind == "html",  # noqa: S701 - plain text has no markup that could be escaped
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        name=_name, one_line=cut_line, size=format_size, wrap=_wrap, host=_host,
        unbroken=_unbroken,
    )  # fmt: skip
    environment.globals.update(LIGHT=LIGHT, DARK=DARK, THUMBNAIL=THUMBNAIL)
    return environment


@pass_eval_context
def _name(context: EvalContext, text: str) -> str:
    """Returns a text of a user, on one line and isolated from the direction of the sentence."""
    line = cut_line(text)
    return Markup("<bdi>{}</bdi>").format(line) if context.autoescape else line


def _unbroken(value: object) -> str:
    return " ".join(str(value).split())


def _wrap(text: str, indent: str = "") -> str:
    return textwrap.fill(
        " ".join(text.split()), WIDTH, subsequent_indent=indent,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip


def _host(url: str) -> str:
    return urlsplit(url).netloc
