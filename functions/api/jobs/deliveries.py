"""Where the results of a new job are delivered."""

from __future__ import annotations

from functions.api.jobs.requests import DeliverTo
from functions.api.jobs.url_inputs import check_own_bucket
from shared.entrypoints import bootstrap
from shared.entrypoints.encryption import delivery_encrypter
from shared.flows.documents import Write
from shared.http.problems import InvalidFields
from shared.http.request import ApiRequest
from shared.jobs.buckets.binding import BucketNotBound
from shared.jobs.buckets.gs_url import InvalidGsUrl, parse_folder_url
from shared.jobs.fetches.fetch import MAX_URL_CHARS
from shared.jobs.result_deliveries.delivery import Destination, new_result_delivery
from shared.net.address_policy import InvalidUrl, parse_target
from shared.ports.customer_buckets import BucketAccessDenied, BucketUnusable
from shared.runtime.bucket_bindings import check_binding


def find_destination(request: ApiRequest, target: DeliverTo) -> Destination:
    """Returns the destination of a request. Raises InvalidFields, whose messages do not repeat
    URLs."""
    if (target.url is None) is (target.urls is None):
        raise InvalidFields([("deliver_to", "Set either url or urls.")])
    if target.url is not None:
        return _bucket_folder(request, target.url)
    urls, hosts, errors = target.urls or {}, dict[str, str](), list[tuple[str, str]]()
    for name, url in urls.items():
        try:
            parsed = parse_target(
                url,
                allow_private=request.settings.allow_private_webhooks,
                max_chars=MAX_URL_CHARS,
            )
            hosts[name] = parsed.host
        except InvalidUrl as error:
            errors.append((f"deliver_to.urls.{name}", str(error)))
    if errors:
        raise InvalidFields(errors)
    return Destination(hosts=hosts, urls=urls)


def _bucket_folder(request: ApiRequest, url: str) -> Destination:
    buckets = bootstrap.customer_buckets()
    try:
        parsed = parse_folder_url(url)
        check_own_bucket(request, parsed)
        check_binding(request.services, buckets, request.user.uid, parsed.bucket, parsed.name)
    except (InvalidGsUrl, BucketNotBound, BucketAccessDenied, BucketUnusable) as error:
        raise InvalidFields([("deliver_to.url", str(error))]) from error
    return Destination(parsed.bucket, parsed.name)


def delivery_writes(
    request: ApiRequest, job_id: str, destination: Destination | None
) -> list[Write]:
    """Returns the write that creates the delivery of a new job. Raises ConfigurationError."""
    if destination is None:
        return []
    encrypt = delivery_encrypter(request.settings)
    now = request.services.clock.now()
    return [new_result_delivery(job_id, request.user.uid, destination, encrypt, now)]
