"""Renders the files that are derived from others, most of them from the function table. `--check`
fails when one is stale.

python -m infra.tools.render [--check]
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import re
import sys
from pathlib import Path
from typing import Any

from functions.recorder.preview.decoder import PREVIEW_LIMITS
from functions.stitching.inputs import PICTURE_LIMITS, SOUND_LIMITS
from infra.tools import access, costs, dependencies, settings_table, sync_client
from infra.tools.abuse import table as abuse_table
from infra.tools.capacity import page as capacity_page
from infra.tools.console import contract as console_contract
from shared.errors import MoodreelError, PermanentError
from shared.media import errors
from shared.media.limits import MAX_PIXELS, MAX_STREAMS
from shared.media.sandbox.child import Limits
from shared.pipeline import (
    FUNCTIONS,
    RECIPES,
    FinalizeTrigger,
    Function,
    ScheduleTrigger,
    find_consumer,
)
from shared.runtime.settings import Settings

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
UPLOAD_TRIGGER = ROOT / "functions" / "upload_trigger" / "README.md"
INFRA = ROOT / "infra" / "README.md"
DEPLOY = ROOT / "infra" / "DEPLOY.md"
SECURITY = ROOT / "infra" / "SECURITY.md"
CAPACITY = ROOT / "infra" / "CAPACITY.md"
TFVARS = ROOT / "infra" / "terraform" / "pipeline.auto.tfvars.json"


def render_diagram() -> str:
    """Returns the pipeline as a Mermaid flowchart. Each arrow is a trigger of the next stage."""
    lines = ["```mermaid", "flowchart LR"]
    lines.append('  user(["user"]) -- "signed URL or prompt" --> uploads[("uploads")]')
    lines.append('  user -- "URL of a file" --> input_fetch --> uploads')
    lines.append(
        '  notification --> result_delivery -- "results" --> bucket[("bucket of the user")]'
    )
    first = next(iter(RECIPES.values())).stages[0]
    lines.append(f'  uploads -- "object finalized" --> {first}')
    arrows: dict[tuple[str, str, str], None] = {}
    for recipe in RECIPES.values():
        for stage in recipe.stages[:-1]:
            consumer = find_consumer(stage, recipe)
            next_stage = recipe.next_stage(stage) or recipe.stages[-1]
            if consumer is not None:
                arrows[(stage, consumer, "pack finalized")] = None
            if next_stage != consumer:
                arrows[(stage, next_stage, "")] = None
    for start, end, label in arrows:
        lines.append(f'  {start} -- "{label}" --> {end}' if label else f"  {start} --> {end}")
    lines.append('  notification -- "email with a link" --> user')
    return "\n".join([*lines, "```"])


def render_recipes() -> str:
    """Returns the recipes as a table."""
    rows = ["| recipe | input | result |", "| --- | --- | --- |"]
    for recipe in RECIPES.values():
        inputs = " + ".join(item.name for item in recipe.inputs if not item.optional)
        inputs += "".join(
            f", {item.name}{'s' * (item.max_count > 1)} (optional)"
            for item in recipe.inputs
            if item.optional
        )
        rows.append(f"| `{recipe.name}` | {inputs} | {recipe.description} |")
    return "\n".join(rows)


def render_error_codes() -> str:
    """Returns the errors for which a video is rejected, by code."""
    error_types: list[type[MoodreelError]] = [
        error for error in PermanentError.__subclasses__() if error.__module__ == errors.__name__
    ]
    error_types.append(errors.DecoderCrashed)
    rows = ["| code | message |", "| --- | --- |"]
    rows += [f"| `{error.code}` | {error()} |" for error in error_types]
    return "\n".join(rows)


def render_limits() -> str:
    """Returns the limits of a video and of a sandbox process."""
    rows = ["| limit of | value |", "| --- | --- |"]
    rows += [
        f"| pixels of a picture | {MAX_PIXELS:,} |",
        f"| streams | {MAX_STREAMS} |",
        f"| length | {Settings.max_duration_s // 3600} h (`MOODREEL_MAX_DURATION_S`) |",
        f"| frames of a job | {Settings.max_frames:,} (`MOODREEL_MAX_FRAMES`) |",
    ]
    names = ("upload_trigger", "frame_extraction", "emotion_scoring", "slide_generation")
    processes = {name: Limits.for_function(FUNCTIONS[name]) for name in names} | {
        "stitching, for a picture": PICTURE_LIMITS,
        "stitching, for a sound": SOUND_LIMITS,
        "recorder, for a clip": Limits.for_function(FUNCTIONS["recorder"]),
        "recorder, for a preview": PREVIEW_LIMITS,
    }
    rows += [
        f"| a sandbox process of {name} | {limits.cpu_s} s of CPU, {limits.memory_mb} MB |"
        for name, limits in processes.items()
    ]
    return "\n".join(rows)


def render_tfvars() -> str:
    """Returns the rows of the table as Terraform variables."""
    rows = {row.name: _row(row) for row in FUNCTIONS.values()}
    note = "Rendered from shared/pipeline.py by infra/tools/render.py; do not edit."
    return json.dumps({"rendered_note": note, "functions": rows}, indent=2) + "\n"


def _row(function: Function) -> dict[str, Any]:
    trigger: dict[str, Any] = {
        "kind": type(function.trigger).__name__.removesuffix("Trigger").lower()
    }
    if isinstance(function.trigger, FinalizeTrigger):
        trigger |= {"bucket": function.trigger.bucket.value, "prefix": function.trigger.prefix}
    if isinstance(function.trigger, ScheduleTrigger):
        trigger |= {"every_s": function.trigger.every_s}
    return {
        "kind": function.kind.value,
        "trigger": trigger,
        "topic": function.topic if function.is_event_driven else None,
        "paths": list_url_paths(function),
        "timeout_s": function.timeout_s,
        "ack_deadline_s": function.ack_deadline_s,
        "memory_mb": function.memory_mb,
        "cpu": function.vcpu,
        "concurrency": function.concurrency,
        "max_delivery_attempts": function.max_deliveries,
        "backoff_min_s": function.backoff_s[0],
        "backoff_max_s": function.backoff_s[1],
        "secrets": list(function.secrets),
        "service_account": function.service_account,
        "writes": [
            {"bucket": bucket.value, "prefix": prefix} for bucket, prefix in function.writes
        ],
        "grants": [grant.to_dict() for grant in access.list_grants(function)],
    }


def list_url_paths(function: Function) -> list[str]:
    """Returns the paths of an HTTPS function, as path templates of the load balancer. Empty for the
    default backend, which has no `routes` module, and for event-driven functions."""
    if (
        function.is_event_driven
        or importlib.util.find_spec(f"functions.{function.name}.routes") is None
    ):
        return []
    routes = importlib.import_module(f"functions.{function.name}.routes").ROUTES
    return sorted({re.sub(r"{[a-z_]+}", "*", route.path) for route in routes})


def render_capacity(check: bool) -> str:
    """Returns the page with the simulated capacity. With `check` nothing is simulated, and the
    result is empty when the page is not current."""
    page = CAPACITY.read_text() if CAPACITY.exists() else ""
    if capacity_page.is_current(page):
        return page
    return "" if check else capacity_page.render_page()


def render_all(check: bool = False) -> dict[Path, str]:
    """Returns the expected content of every rendered file. With `check` it takes a few seconds, and
    a page of simulations that is not current is expected to be empty."""
    readme = README.read_text()
    for name, content in (
        ("diagram", render_diagram()), ("recipes", render_recipes()), ("dependencies",
        dependencies.render_table()),
    ):  # fmt: skip
        readme = _replace_block(readme, name, content)
    upload_trigger = UPLOAD_TRIGGER.read_text()
    for name, content in (("rejections", render_error_codes()), ("limits", render_limits())):
        upload_trigger = _replace_block(upload_trigger, name, content)
    infra = _replace_block(INFRA.read_text(), "settings", settings_table.render_table())
    deploy = _replace_block(DEPLOY.read_text(), "costs", costs.render_table())
    capacity = render_capacity(check)
    if capacity:
        raises = capacity_page.extract_raises(capacity)
        deploy = _replace_block(deploy, "limits-to-raise", raises)
    security = SECURITY.read_text()
    for name, content in (
        ("roles", access.render_table()),
        ("costs-of-a-caller", abuse_table.render_totals()),
        ("costs-of-routes", abuse_table.render_routes()),
    ):
        security = _replace_block(security, name, content)
    return {
        README: readme,
        UPLOAD_TRIGGER: upload_trigger,
        INFRA: infra,
        DEPLOY: deploy,
        SECURITY: security,
        CAPACITY: capacity,
        TFVARS: render_tfvars(),
        console_contract.FILE: console_contract.render(),
        **sync_client.render(),
    }


def _replace_block(text: str, name: str, content: str) -> str:
    begin, end = f"<!-- rendered: {name} -->", "<!-- /rendered -->"
    pattern = re.compile(re.escape(begin) + r"\n.*?" + re.escape(end), re.DOTALL)
    if not pattern.search(text):
        raise SystemExit(f"There are no markers for the rendered block {name}.")
    return pattern.sub(lambda _: f"{begin}\n{content}\n{end}", text)


def main() -> int:
    """Writes stale files, or with --check reports them and returns 1."""
    parser = argparse.ArgumentParser(description="Render the files that are derived from others.")
    parser.add_argument("--check", action="store_true", help="fail instead of writing")
    check = parser.parse_args().check
    stale = [
        (path, content)
        for path, content in render_all(check).items()
        if not path.exists() or path.read_text() != content
    ]
    for path, content in stale:
        name = path.relative_to(ROOT)
        if check:
            sys.stderr.write(f"{name} is stale: run `python -m infra.tools.render`.\n")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
            sys.stdout.write(f"{name} rendered.\n")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
