"""`webhooks`: registration, secrets and deliveries of webhooks."""

from __future__ import annotations

import itertools
import time

import click

from moodreel._sync.client import Client
from moodreel.cli.context import Context, find_one, json_option, pass_context
from moodreel.cli.display import format_time, show_json, show_table
from moodreel.errors import MoodreelError
from moodreel.models import DeliveryView, WebhookView, WebhookWithSecret

_POLL_S = 1.0
_WAIT_S = 60.0
"""How long the first attempt of a test is waited for."""
webhook_argument = click.argument("text", metavar="WEBHOOK")


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def webhooks(click_context: click.Context, as_json: bool) -> None:
    """List webhooks, create, test and delete them.

    WEBHOOK is the id of a webhook, or its URL.
    """
    if click_context.invoked_subcommand is not None:
        return
    context: Context = click_context.obj
    with context.client() as client:
        listed = client.webhooks()
    if as_json:
        show_json(listed)
        return
    show_table(
        ("id", "url", "state", "failures", "events"),
        [
            (hook.id, hook.url, hook.disabled or "enabled", hook.failures, " ".join(hook.events))
            for hook in listed
        ],
    )


@webhooks.command("create")
@click.argument("url")
@click.option(
    "--event", "events", multiple=True, metavar="EVENT",
    help="Such as job.done. Can be repeated; by default, those of all jobs that have ended.",
)  # fmt: skip
@json_option
@pass_context
def create_webhook(context: Context, url: str, events: tuple[str, ...], as_json: bool) -> None:
    """Register a webhook and print its secret. It cannot be shown again."""
    with context.client() as client:
        _show_secret(client.create_webhook(url, events or None), as_json)


@webhooks.command("secret")
@webhook_argument
@json_option
@pass_context
def rotate_secret(context: Context, text: str, as_json: bool) -> None:
    """Rotate the secret of a webhook and print the new one. The old one also signs for a day."""
    with context.client() as client:
        _show_secret(client.rotate_webhook_secret(_find(client, text).id), as_json)


@webhooks.command("delete")
@webhook_argument
@pass_context
def delete_webhook(context: Context, text: str) -> None:
    """Delete a webhook. Its pending deliveries fail."""
    with context.client() as client:
        client.delete_webhook(_find(client, text).id)


@webhooks.command("enable")
@webhook_argument
@pass_context
def enable_webhook(context: Context, text: str) -> None:
    """Enable a webhook that was disabled after failed calls."""
    with context.client() as client:
        client.enable_webhook(_find(client, text).id)


@webhooks.command("test")
@webhook_argument
@click.option("--no-wait", is_flag=True, help="Do not wait for the first attempt.")
@json_option
@pass_context
def test_webhook(context: Context, text: str, no_wait: bool, as_json: bool) -> None:
    """Send a ping to a webhook and print its outcome."""
    with context.client() as client:
        delivery = client.test_webhook(_find(client, text).id)
        deadline = time.monotonic() + _WAIT_S
        while not (no_wait or delivery.tries or delivery.has_ended or time.monotonic() > deadline):
            time.sleep(_POLL_S)
            delivery = client.delivery(delivery.webhook_id, delivery.id)
    if as_json:
        show_json(delivery)
    else:
        click.echo(f"{delivery.id}  {_describe(delivery)}")
    if not no_wait and not delivery.tries:
        raise MoodreelError(f"The webhook was not called within {_WAIT_S} s.")
    if delivery.tries and delivery.state != "done":
        raise MoodreelError("The webhook did not accept the call.")


@webhooks.command("deliveries")
@webhook_argument
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True)
@json_option
@pass_context
def list_deliveries(context: Context, text: str, limit: int, as_json: bool) -> None:
    """List the deliveries to a webhook, newest first."""
    with context.client() as client:
        deliveries = client.deliveries(_find(client, text).id)
        listed = list(itertools.islice(deliveries, limit))
    if as_json:
        show_json(listed)
        return
    show_table(
        ("id", "event", "created", "state", "attempts", "outcome"),
        [
            (
                item.id,
                item.event,
                format_time(item.created_at),
                item.state,
                item.attempts,
                _describe(item),
            )
            for item in listed
        ],
    )


@webhooks.command("replay")
@webhook_argument
@click.argument("delivery")
@json_option
@pass_context
def replay_delivery(context: Context, text: str, delivery: str, as_json: bool) -> None:
    """Send the event of a delivery again. Prints the id of the new delivery."""
    with context.client() as client:
        created = client.replay_delivery(_find(client, text).id, delivery)
    if as_json:
        show_json(created)
    else:
        click.echo(created.id)


def _show_secret(created: WebhookWithSecret, as_json: bool) -> None:
    if as_json:
        show_json(created)
        return
    click.echo(f"Webhook {created.webhook.id}", err=True)
    click.echo(created.secret)


def _describe(delivery: DeliveryView) -> str:
    """Returns the outcome of the last attempt, such as `200 in 31 ms`."""
    if not delivery.tries:
        return delivery.error_message or "not called yet"
    last = delivery.tries[-1]
    return f"{last.status if last.status is not None else last.fault} in {last.duration_ms} ms"


def _find(client: Client, text: str) -> WebhookView:
    return find_one(
        client.webhooks(), lambda hook: text in (hook.id, hook.url), f"webhook {text!r}"
    )
