"""Renders the OpenAPI document as plain HTML with one style sheet."""

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
    """Returns the page of the OpenAPI document."""
    info, tags = document["info"], [tag["name"] for tag in document["tags"]]
    operations = [
        (path, method, methods[method])
        for path, methods in document["paths"].items()
        for method in _METHODS
        if method in methods
    ]
    links = "".join(f'<a href="#{_anchor(name)}">{escape(name)}</a>' for name in tags)
    body = [
        f"<h1>{escape(info['title'])}</h1><p>{escape(info['summary'])}</p>",
        "<p>The base URL is <code>" + escape(document["servers"][0]["url"]) + "</code>. "
        'As JSON: <a href="/v1/openapi.json">openapi.json</a>.</p>',
        f'<nav>{links}<a href="#models">Models</a></nav>',
    ]
    for name in tags:
        body.append(f'<h2 id="{_anchor(name)}">{escape(name)}</h2>')
        body += [
            _operation(path, method, operation)
            for path, method, operation in operations
            if name in operation["tags"]
        ]
    body.append('<h2 id="models">Models</h2>')
    body += [_model(name, schema) for name, schema in document["components"]["schemas"].items()]
    return _html(f"{info['title']}: the API", "\n".join(body))


def render_problem(code: str, status: int, message: str) -> str:
    """Returns the page of a problem."""
    title = code.replace("-", " ").capitalize()
    return _html(
        title,
        f"<h1>{escape(title)}</h1><p>{escape(message)}</p>"
        f"<p>Code: <code>{escape(code)}</code>. HTTP status: {status}.</p>"
        '<p><a href="/v1/docs">API documentation</a></p>',
    )


def _operation(path: str, method: str, operation: Mapping[str, Any]) -> str:
    parts = [f"<p>{escape(operation.get('description', ''))}</p>"]
    if not operation["security"]:
        parts.append("<p>No sign-in required.</p>")
    if operation["parameters"]:
        rows = [
            (
                f"<code>{escape(parameter['name'])}</code>",
                parameter["in"] + (", required" if parameter["required"] else ""),
                f"{_type(parameter['schema'])} {escape(parameter.get('description', ''))}",
            )
            for parameter in operation["parameters"]
        ]
        parts.append(_table(("parameter", "in", "description"), rows))
    if body := operation.get("requestBody"):
        parts.append(f"<p>Body: {_type(body['content']['application/json']['schema'])}</p>")
    rows = [
        (status, _content(response), _causes(response))
        for status, response in operation["responses"].items()
    ]
    parts.append(_table(("status", "body", "description"), rows))
    parts.append(f"<pre>{escape(_curl(path, method, operation))}</pre>")
    return (
        f'<details id="{escape(operation["operationId"])}"><summary>'
        f'<b class="m">{method.upper()}</b> '
        f"<code>{escape(path)}</code><span>{escape(operation['summary'])}</span></summary>"
        f"{''.join(parts)}</details>"
    )


def _causes(response: Mapping[str, Any]) -> str:
    """The description of a response; problem codes link to their pages."""
    lines = []
    for text in response["description"].split("\n"):
        code, separator, rest = text.removeprefix("- `").partition("`: ")
        if separator and text.startswith("- `"):
            page = f"/problems/{escape(code)}"
            lines.append(f'<a href="{page}"><code>{escape(code)}</code></a>: {escape(rest)}')
        else:
            lines.append(escape(text))
    return "<br>".join(lines)


def _content(response: Mapping[str, Any]) -> str:
    for media_type, content in response.get("content", {}).items():
        if "json" in media_type and "schema" in content:
            return _type(content["schema"])
        return escape(media_type)
    return ""


def _model(name: str, schema: Mapping[str, Any]) -> str:
    required = schema.get("required", ())
    rows = [
        (
            f"<code>{escape(field)}</code>" + ("" if field in required else " (optional)"),
            _type(field_schema),
            escape(field_schema.get("description", "")),
        )
        for field, field_schema in schema.get("properties", {}).items()
    ]
    description = f"<p>{escape(schema.get('description', ''))}</p>"
    heads = ("field", "type", "description")
    fields = _table(heads, rows) if rows else f"<p>{_type(schema)}</p>"
    return (
        f'<details id="model-{escape(name)}"><summary><code>{escape(name)}</code></summary>'
        f"{description}{fields}</details>"
    )


def _type(schema: Mapping[str, Any]) -> str:
    """A schema as a short phrase in HTML."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f'<a href="#model-{escape(name)}">{escape(name)}</a>'
    for keyword in ("anyOf", "oneOf"):
        if keyword in schema:
            return " or ".join(_type(option) for option in schema[keyword])
    if "allOf" in schema:
        return _type(schema["allOf"][0])
    if "enum" in schema or "const" in schema:
        options = schema.get("enum", [schema.get("const")])
        return " or ".join(f"<code>{escape(json.dumps(option))}</code>" for option in options)
    kind = schema.get("type", "anything")
    if kind == "array":
        return f"list of {_type(schema.get('items', {}))}"
    if kind == "object":
        values = schema.get("additionalProperties")
        return f"map of {_type(values)}" if isinstance(values, Mapping) else "map"
    bounds = {
        name: schema[name]
        for name in ("minimum", "maximum", "minLength", "maxLength", "format", "default")
        if name in schema
    }
    text = " or ".join(kind) if isinstance(kind, list) else str(kind)
    constraints = ", ".join(f"{name} {_plain(value)}" for name, value in bounds.items())
    return escape(f"{text} ({constraints})" if constraints else text)


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _curl(path: str, method: str, operation: Mapping[str, Any]) -> str:
    words = ["curl"] if method == "get" else ["curl", "-X", method.upper()]
    if operation["security"]:
        words.append('-H "Authorization: Bearer $TOKEN"')
    if "requestBody" in operation:
        words.append("--json @body.json")
    return " ".join([*words, f'"$API{path}"'])


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table. `heads` are text, cells are HTML."""
    header = "".join(f"<th>{escape(head)}</th>" for head in heads)
    lines = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{header}</tr>{lines}</table>"


def _anchor(name: str) -> str:
    return escape("-".join(name.lower().split()))


def _html(title: str, body: str) -> str:
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n"
        f"<body>\n{body}\n</body></html>\n"
    )
