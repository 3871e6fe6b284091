"""The tables of infra/SECURITY.md: what one caller can cost per minute."""

from __future__ import annotations

from collections.abc import Iterator

from functions.api import rate_limit_policies
from functions.api.routes import ROUTES as API_ROUTES
from functions.downloads.preview_stream import POLL_S, VIEWER_CHECK_S
from functions.downloads.routes import ROUTES as DOWNLOADS_ROUTES
from infra.tools import costs
from infra.tools.abuse.operations import Operations, operations_of
from shared.http.limits.policies import COUNTING_FUNCTIONS, requests_from, requests_of
from shared.http.limits.policy import Policy, PolicyOf
from shared.http.limits.request_limits import anonymous_slots
from shared.http.routing import Route
from shared.pipeline import FUNCTIONS, PIPELINE_STAGES, Bucket
from shared.pricing import prices
from shared.pricing.job_cost import compute_usd
from shared.runtime.settings import Settings

SETTINGS = Settings(
    project="", buckets=dict.fromkeys(Bucket, ""), public_url="https://moodreel.example"
)
"""The defaults of the cloud."""
ROUTES = {"api": API_ROUTES, "downloads": DOWNLOADS_ROUTES}
LOAD_BALANCER_REQUESTS = 3000
"""Requests of a client per minute that the load balancer accepts: the default of
`client_requests_per_minute` in infra/terraform/variables.tf. It alone limits exempt routes."""
NOT_OF_CALLERS = (rate_limit_policies.sign_ins_to, rate_limit_policies.emails_to)
"""Policies of an email address. A caller can use any number of addresses."""


def render_routes() -> str:
    """Returns the routes with their limits and costs. Raises LookupError for a route without a
    row in `infra.tools.abuse.operations`."""
    lines = [
        "| route | caller | policy | requests | reads | writes | a request | in a minute |",
        "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for function, route in _routes():
        most, row = max_requests(route), operations_of(route)
        usd = request_usd(function, row)
        names = ", ".join(f"`{policy(SETTINGS).name}`" for policy in policies_of(route)) or "–"
        caller = "user" if route.sign_in_required else "client"
        starts = f" + {row.starts}" if row.starts else ""
        lines.append(
            f"| `{route.method} {route.path}` | {caller} | {names} | {most:,} | {row.reads:,} "
            f"| {row.writes:,} | ${usd:.6f}{starts} | ${most * usd:.3f} |"
        )
    return "\n".join(lines)


def render_totals() -> str:
    """Returns what one caller can cost in a minute with all routes together, and by what the
    requests start."""
    s = SETTINGS
    units = s.jobs_per_owner * s.parts_in_flight
    stage = max(PIPELINE_STAGES, key=lambda name: compute_usd(name, 60))
    streams = s.max_watched_cameras * s.max_viewers
    slots = FUNCTIONS["webhook"].owner_slots
    fetches = FUNCTIONS["input_fetch"].owner_slots
    deliveries = FUNCTIONS["result_delivery"].owner_slots
    sent_in_a_minute = 60 * costs.FETCH_BYTES_PER_S
    copies = FUNCTIONS["clip_copy"].owner_slots
    (sign_in,) = (operations_of(route) for route in API_ROUTES if "/login" in route.path)
    cheap = Operations(reads=1, writes=1)
    return "\n".join(
        [
            "| caller | what | at most | in a minute |",
            "| --- | --- | --- | ---: |",
            f"| all clients | failed sign-ins | {flood_rate(sign_in):,.0f} a second | "
            f"${flood_usd(sign_in):.2f} |",
            f"| all clients | requests without a sign-in that read no document "
            f"| {flood_rate(cheap):,.0f} a second | ${flood_usd(cheap):.2f} |",
            f"| client | requests without a sign-in | as above, together | "
            f"${total_usd(sign_in=False):.2f} |",
            f"| user | requests | as above, together | ${total_usd(sign_in=True):.2f} |",
            f"| user | units of jobs | {s.jobs_per_owner} jobs × {s.parts_in_flight} parts at "
            f"once, as on `{stage}` | ${units * compute_usd(stage, 60):.3f} |",
            f"| user | recordings and previews | {s.max_watched_cameras} cameras at once "
            f"| ${s.max_watched_cameras * compute_usd('recorder', 60):.3f} |",
            f"| user | streams of previews | {streams} at once | ${streams * _stream_usd():.2f} |",
            f"| user | calls of webhooks | {slots} at once "
            f"| ${slots * compute_usd('webhook', 60):.3f} |",
            f"| user | fetches of inputs | {fetches} at once "
            f"| ${fetches * compute_usd('input_fetch', 60):.3f} |",
            f"| user | deliveries of results | {deliveries} at once, to URLs at "
            f"{costs.FETCH_BYTES_PER_S // 1_000_000} MB/s "
            f"| ${deliveries * costs.estimate_delivery_cost(sent_in_a_minute):.2f} |",
            f"| user | copies of clips for browsers | {copies} at once "
            f"| ${copies * compute_usd('clip_copy', 60):.3f} |",
        ]
    )


def policies_of(route: Route) -> tuple[PolicyOf, ...]:
    """Returns all policies that a request of a route counts against: none for an exempt one."""
    if route.limit_exemption:
        return ()
    return (requests_of if route.sign_in_required else requests_from, *route.policies)


def max_requests(route: Route) -> int:
    """Returns the most requests of a caller that are accepted in a minute of the clock. The quota
    of a longer window can be used up in one minute."""
    accepted = (
        _max_accepted(policy(SETTINGS))
        for policy in policies_of(route)
        if policy not in NOT_OF_CALLERS
    )
    return min(accepted, default=LOAD_BALANCER_REQUESTS)


def request_usd(function: str, row: Operations) -> float:
    """Returns the most dollars of a request, without what it starts."""
    return (
        prices.REQUEST.usd
        + compute_usd(function, row.seconds)
        + row.reads * prices.DOCUMENT_READ.usd
        + row.writes * prices.DOCUMENT_WRITE.usd
        + row.object_writes * prices.CLASS_A_OPERATION.usd
        + row.object_reads * prices.CLASS_B_OPERATION.usd
        + row.sent_bytes / (1 << 30) * prices.SENT_GIB.usd
    )


def total_usd(*, sign_in: bool) -> float:
    """Returns the most dollars of all requests of a caller in a minute: for each set of policies
    its most expensive route."""
    by_policies: dict[tuple[PolicyOf, ...], float] = {}
    for function, route in _routes():
        if route.sign_in_required == sign_in:
            usd = max_requests(route) * request_usd(function, operations_of(route))
            policies = policies_of(route)
            by_policies[policies] = max(usd, by_policies.get(policies, 0.0))
    return sum(by_policies.values())


def flood_rate(row: Operations) -> float:
    """Returns how many such requests all instances of `api` answer in a second, from any number of
    clients. Requests that take long have a share of the instance."""
    is_short = row.seconds <= costs.API_REQUEST_S
    slots = FUNCTIONS["api"].concurrency if is_short else anonymous_slots("api")
    return slots * SETTINGS.max_instances / row.seconds


def flood_usd(row: Operations) -> float:
    """Returns the dollars of a minute of such a flood."""
    operations = (
        prices.REQUEST.usd
        + row.reads * prices.DOCUMENT_READ.usd
        + row.writes * prices.DOCUMENT_WRITE.usd
    )
    instances = SETTINGS.max_instances * compute_usd("api", 60)
    return instances + 60 * flood_rate(row) * operations


def _max_accepted(policy: Policy) -> int:
    instances = SETTINGS.max_instances
    if policy.name in (requests_of(SETTINGS).name, requests_from(SETTINGS).name):
        instances *= len(COUNTING_FUNCTIONS)
    return policy.max_accepted(instances)


def _stream_usd() -> float:
    """The dollars of a minute of a preview stream. All pictures of the largest response are sent in
    this minute."""
    minute = Operations(
        reads=int(2 * 60 / VIEWER_CHECK_S),
        writes=int(2 * 60 / VIEWER_CHECK_S),
        object_reads=int(60 / POLL_S) + 60,
        seconds=60,
        sent_bytes=SETTINGS.max_preview_bytes,
    )
    return request_usd("downloads", minute)


def _routes() -> Iterator[tuple[str, Route]]:
    return ((function, route) for function, routes in ROUTES.items() for route in routes)
