"""The OpenAPI document as a page: plain HTML and one style sheet, for people who look around."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

STYLE = """
:root{color-scheme:light dark;--line:#8884;--soft:#8881;--accent:#3a6ea5}
body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;max-width:60rem;padding:1.5rem}
h1{margin-bottom:0}h2{margin-top:2.5rem;border-bottom:1px solid var(--line)}
code,pre{font:.875em/1.45 ui-monospace,monospace}
pre{overflow-x:auto;background:var(--soft);padding:.75rem}
details{border:1px solid var(--line);border-radius:.4rem;margin:.5rem 0;padding:0 .75rem}
summary{cursor:pointer;padding:.5rem 0}summary span{opacity:.75;margin-left:.5rem}
table{border-collapse:collapse;width:100%;margin:.5rem 0 1rem}
th,td{text-align:left;vertical-align:top}
th,td{padding:.25rem .75rem .25rem 0;border-top:1px solid var(--line)}
b.m{display:inline-block;min-width:4.75rem;color:var(--accent)}a{color:var(--accent)}
nav a{margin-right:1rem}
""".strip()
_METHODS = ("get", "post", "put", "patch", "delete")


def render_page(document: Mapping[str, Any]) -> str:
    """The whole document."""
    info, tags = document["info"], [one["name"] for one in document["tags"]]
    operations = [
        (path, method, methods[method])
        for path, methods in document["paths"].items()
        for method in _METHODS
        if method in methods
    ]
    links = "".join(f'<a href="#{_anchor(name)}">{escape(name)}</a>' for name in tags)
    body = [
        f"<h1>{escape(info['title'])}</h1><p>{escape(info['summary'])}</p>",
        "<p>All paths begin at <code>" + escape(document["servers"][0]["url"]) + "</code>. "
        'For programs: <a href="/v1/openapi.json">openapi.json</a>.</p>',
        f'<nav>{links}<a href="#models">Models</a></nav>',
    ]
    for name in tags:
        body.append(f'<h2 id="{_anchor(name)}">{escape(name)}</h2>')
        body += [_operation(*one) for one in operations if name in one[2]["tags"]]
    body.append('<h2 id="models">Models</h2>')
    body += [_model(name, one) for name, one in document["components"]["schemas"].items()]
    return _html(f"{info['title']}: the API", "\n".join(body))


def render_problem(code: str, status: int, sentence: str) -> str:
    """One problem."""
    title = code.replace("-", " ").capitalize()
    return _html(
        title,
        f"<h1>{escape(title)}</h1><p>{escape(sentence)}</p>"
        f"<p>Its code is <code>{escape(code)}</code>, its status {status}.</p>"
        '<p><a href="/v1/docs">The whole API</a></p>',
    )


def _operation(path: str, method: str, one: Mapping[str, Any]) -> str:
    parts = [f"<p>{escape(one.get('description', ''))}</p>"]
    if not one["security"]:
        parts.append("<p>Open to everybody.</p>")
    if one["parameters"]:
        rows = [
            (
                f"<code>{escape(given['name'])}</code>",
                given["in"] + (", required" if given["required"] else ""),
                f"{_type(given['schema'])} {escape(given.get('description', ''))}",
            )
            for given in one["parameters"]
        ]
        parts.append(_table(("parameter", "in", "what"), rows))
    if sent := one.get("requestBody"):
        parts.append(f"<p>Body: {_type(sent['content']['application/json']['schema'])}</p>")
    rows = [(status, _content(told), _causes(told)) for status, told in one["responses"].items()]
    parts.append(_table(("answer", "body", "when"), rows))
    parts.append(f"<pre>{escape(_curl(path, method, one))}</pre>")
    return (
        f'<details id="{escape(one["operationId"])}"><summary><b class="m">{method.upper()}</b> '
        f"<code>{escape(path)}</code><span>{escape(one['summary'])}</span></summary>"
        f"{''.join(parts)}</details>"
    )


def _causes(told: Mapping[str, Any]) -> str:
    """What an answer means; the codes of a refusal lead to their pages."""
    lines = []
    for text in told["description"].split("\n"):
        code, found, rest = text.removeprefix("- `").partition("`: ")
        if found and text.startswith("- `"):
            page = f"/problems/{escape(code)}"
            lines.append(f'<a href="{page}"><code>{escape(code)}</code></a>: {escape(rest)}')
        else:
            lines.append(escape(text))
    return "<br>".join(lines)


def _content(told: Mapping[str, Any]) -> str:
    for media_type, one in told.get("content", {}).items():
        if "json" in media_type and "schema" in one:
            return _type(one["schema"])
        return escape(media_type)
    return ""


def _model(name: str, schema: Mapping[str, Any]) -> str:
    required = schema.get("required", ())
    rows = [
        (
            f"<code>{escape(field)}</code>" + ("" if field in required else " (may be left out)"),
            _type(one),
        )
        for field, one in schema.get("properties", {}).items()
    ]
    told = f"<p>{escape(schema.get('description', ''))}</p>"
    sandbox_io = _table(("field", "type"), rows) if rows else f"<p>{_type(schema)}</p>"
    return (
        f'<details id="model-{escape(name)}"><summary><code>{escape(name)}</code></summary>'
        f"{told}{sandbox_io}</details>"
    )


def _type(schema: Mapping[str, Any]) -> str:
    """A schema in a few words."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f'<a href="#model-{escape(name)}">{escape(name)}</a>'
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return " or ".join(_type(one) for one in schema[several])
    if "allOf" in schema:
        return _type(schema["allOf"][0])
    if "enum" in schema or "const" in schema:
        options = schema.get("enum", [schema.get("const")])
        return " or ".join(f"<code>{escape(json.dumps(one))}</code>" for one in options)
    kind = schema.get("type", "anything")
    if kind == "array":
        return f"list of {_type(schema.get('items', {}))}"
    if kind == "object":
        inner = schema.get("additionalProperties")
        return f"map of {_type(inner)}" if isinstance(inner, Mapping) else "map"
    bounds = {
        name: schema[name]
        for name in ("minimum", "maximum", "minLength", "maxLength", "format", "default")
        if name in schema
    }
    text = " or ".join(kind) if isinstance(kind, list) else str(kind)
    more = ", ".join(f"{name} {value}" for name, value in bounds.items())
    return escape(f"{text} ({more})" if more else text)


def _curl(path: str, method: str, one: Mapping[str, Any]) -> str:
    words = ["curl"] if method == "get" else ["curl", "-X", method.upper()]
    if one["security"]:
        words.append('-H "Authorization: Bearer $TOKEN"')
    if "requestBody" in one:
        words.append("--json @body.json")
    return " ".join([*words, f'"$API{path}"'])


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Cells are HTML already."""
    top = "".join(f"<th>{escape(one)}</th>" for one in heads)
    lines = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{top}</tr>{lines}</table>"


def _anchor(name: str) -> str:
    return escape("-".join(name.lower().split()))


def _html(title: str, body: str) -> str:
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n"
        f"<body>\n{body}\n</body></html>\n"
    )
