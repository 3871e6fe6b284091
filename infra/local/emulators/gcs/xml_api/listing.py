"""XML API: the listing of a bucket (`GET /bucket`), with signed URLs.

https://cloud.google.com/storage/docs/xml-api/get-bucket-list, versions 1 and 2.
"""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from infra.local.emulators.gcs.server import Emulator
from infra.local.emulators.gcs.storage import listing
from infra.local.emulators.gcs.storage.resources import StoredObjectRow, rfc3339
from infra.local.emulators.gcs.xml_api.response import elements, xml_response

_NAMESPACE = "http://doc.s3.amazonaws.com/2006-03-01"


async def list_bucket(emulator: Emulator, bucket: str, query: Mapping[str, str]) -> web.Response:
    """Returns one page of a bucket's objects and folded prefixes."""
    is_version_2 = query.get("list-type") == "2"
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    marker = query.get("start-after" if is_version_2 else "marker", "")
    parameters = {
        "prefix": prefix,
        "delimiter": delimiter,
        "maxResults": query.get("max-keys", ""),
        "startOffset": _start_after(marker, delimiter),
        "pageToken": query.get("continuation-token", "") if is_version_2 else "",
    }
    page = await emulator.db.read(lambda tx: listing.list_page(tx, bucket, parameters))
    fields = {"Name": bucket, "Prefix": prefix, "Delimiter": delimiter}
    last_names = [stored.name for stored in page.items] + page.prefixes
    if is_version_2:
        fields |= {"StartAfter": marker, "NextContinuationToken": page.next_token or ""}
        fields["KeyCount"] = str(len(last_names))
    else:
        is_cut = page.next_token is not None
        fields |= {
            "Marker": marker,
            "NextMarker": max(last_names, key=str.encode) if is_cut else "",
        }
    fields["IsTruncated"] = str(page.next_token is not None).lower()
    body = elements({name: value for name, value in fields.items() if value})
    body += "".join(_contents(stored) for stored in page.items)
    body += "".join(
        f"<CommonPrefixes>{elements({'Prefix': name})}</CommonPrefixes>" for name in page.prefixes
    )
    return xml_response("ListBucketResult", _NAMESPACE, body)


def _start_after(marker: str, delimiter: str) -> str:
    """Returns the first name after a marker. A folded prefix as marker skips its objects."""
    if not marker:
        return ""
    if delimiter and marker.endswith(delimiter):
        return listing.next_name_after_prefix(marker)
    return listing.next_name(marker)


def _contents(stored: StoredObjectRow) -> str:
    fields = elements(
        {
            "Key": stored.name,
            "Generation": str(stored.generation),
            "MetaGeneration": str(stored.metageneration),
            "LastModified": rfc3339(stored.updated_us),
            "ETag": f'"{stored.xml_etag}"',
            "Size": str(stored.size_bytes),
        }
    )
    return f"<Contents>{fields}</Contents>"
