"""The layout of emails: a page as plain text and as HTML for mail programs.

The HTML uses tables and inline styles, which all mail programs support. It loads no image, font or
script, so that opening the email is not tracked. The colours work in light and dark mode.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from html import escape

WIDTH = 72
FONT = "-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"
JOB_FOOTER = "You receive this e-mail because you created a job in Moodreel with this address."
ACCOUNT_FOOTER = "You receive this e-mail because your account at Moodreel has this address."


@dataclass(frozen=True, slots=True)
class Page:
    """The content of an email. `button` is a label and a URL."""

    heading: str
    paragraphs: list[str]
    facts: list[tuple[str, str]]
    button: tuple[str, str] | None = None
    below_button: str = ""
    warnings: tuple[str, ...] = ()
    footer: str = JOB_FOOTER

    def render_text(self) -> str:
        """Returns the plain text. A URL is never wrapped."""
        blocks = [textwrap.fill(self.heading, WIDTH)]
        if self.button is not None:
            blocks.append(f"{self.button[0]}:\n{self.button[1]}")
            blocks.append(textwrap.fill(self.below_button, WIDTH))
        blocks += [textwrap.fill(paragraph, WIDTH) for paragraph in self.paragraphs]
        blocks.append("\n".join(f"{name}: {value}" for name, value in self.facts))
        if self.warnings:
            blocks.append("Please note:")
            blocks += [
                textwrap.fill(warning, WIDTH, initial_indent="- ", subsequent_indent="  ")
                for warning in self.warnings
            ]
        blocks.append(f"-- \n{self.footer}")
        return "\n\n".join(blocks) + "\n"


def render_html(page: Page) -> str:
    """Returns the HTML. All text is escaped."""
    heading = escape(page.heading)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        '<meta name="supported-color-schemes" content="light dark">'
        f"<title>{heading}</title><style>{_DARK}</style></head>\n"
        f'<body class="mr-back" style="margin:0;padding:0;background:#f3f2ef;font-family:{FONT}">\n'
        '<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0">'
        '<tr><td align="center" style="padding:32px 16px">\n'
        '<table role="presentation" class="mr-card" width="100%" cellpadding="0" cellspacing="0" '
        'border="0" style="max-width:560px;background:#ffffff;border:1px solid #e2dfd8;'
        'border-radius:12px">\n'
        '<tr><td style="padding:24px 32px 0"><p class="mr-quiet" style="margin:0;font-size:13px;'
        'letter-spacing:.08em;color:#6b665c">MOODREEL</p></td></tr>\n'
        '<tr><td style="padding:12px 32px 28px">\n'
        '<h1 class="mr-text" style="margin:0 0 16px;font-size:22px;line-height:1.3;'
        f'font-weight:600;color:#1d1b16;word-break:break-word">{heading}</h1>\n'
        f"{_button(page)}{_paragraphs(page)}{_facts(page)}{_warnings(page)}"
        "</td></tr></table>\n"
        '<p class="mr-quiet" style="max-width:560px;margin:16px auto 0;font-size:12px;'
        f'line-height:1.5;color:#6b665c">{escape(page.footer)}</p>\n'
        "</td></tr></table></body></html>\n"
    )


_DARK = (
    "@media (prefers-color-scheme:dark){"
    ".mr-back{background:#16150f!important}"
    ".mr-card{background:#211f19!important;border-color:#3a372f!important}"
    ".mr-text{color:#f1efe8!important}"
    ".mr-quiet{color:#aaa495!important}"
    ".mr-rule{border-color:#3a372f!important}"
    ".mr-note{background:#3a2f12!important;color:#f6e3ae!important}}"
)


def _button(page: Page) -> str:
    if page.button is None:
        return ""
    label, url = escape(page.button[0]), escape(page.button[1], quote=True)
    return (
        '<table role="presentation" cellpadding="0" cellspacing="0" border="0"><tr>'
        '<td style="border-radius:8px;background:#b3421f">'
        f'<a href="{url}" style="display:inline-block;padding:13px 26px;font-size:16px;'
        'font-weight:600;color:#ffffff;text-decoration:none;border-radius:8px">'
        f"{label}</a></td></tr></table>\n"
        '<p class="mr-quiet" style="margin:12px 0 20px;font-size:13px;line-height:1.5;'
        f'color:#6b665c">{escape(page.below_button)}</p>\n'
    )


def _paragraphs(page: Page) -> str:
    return "".join(
        '<p class="mr-text" style="margin:0 0 14px;font-size:16px;line-height:1.55;'
        f'color:#1d1b16;word-break:break-word">{escape(paragraph)}</p>\n'
        for paragraph in page.paragraphs
    )


def _facts(page: Page) -> str:
    rows = "".join(
        '<tr><td class="mr-quiet mr-rule" style="padding:8px 16px 8px 0;font-size:14px;'
        'color:#6b665c;border-top:1px solid #e2dfd8;vertical-align:top">'
        f"{escape(name)}</td>"
        '<td class="mr-text mr-rule" style="padding:8px 0;font-size:14px;color:#1d1b16;'
        f'border-top:1px solid #e2dfd8;word-break:break-word">{escape(value)}</td></tr>\n'
        for name, value in page.facts
    )
    return (
        '<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0">'
        f"{rows}</table>\n"
    )


def _warnings(page: Page) -> str:
    return "".join(
        '<p class="mr-note" style="margin:12px 0 0;padding:10px 14px;font-size:14px;'
        'line-height:1.5;background:#fdf1cf;color:#5b4708;border-radius:8px">'
        f"{escape(warning)}</p>\n"
        for warning in page.warnings
    )
