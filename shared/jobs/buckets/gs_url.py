"""URLs of Cloud Storage: `gs://bucket/object`, and which buckets users may name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

GS = "gs://"
MAX_NAME_BYTES = 1024
"""Of the name of an object, as Cloud Storage limits it."""
_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]")
_OWN_PREFIXES = ("gcf-", "run-sources-", "cloud-ai-platform-", "goog")
"""Of buckets that Google's services create in a project, and of names that nobody may have."""


class InvalidGsUrl(ValueError):
    """The bucket, the prefix or the object cannot be used. The message is for the user."""


@dataclass(frozen=True, slots=True)
class GsUrl:
    """An object, or a folder if the name ends with a slash or is empty."""

    bucket: str
    name: str

    @property
    def is_folder(self) -> bool:
        """Whether it names a folder."""
        return not self.name or self.name.endswith("/")


def parse_object_url(url: str) -> GsUrl:
    """Parses `gs://bucket/object`. Raises InvalidGsUrl."""
    parsed = parse_gs_url(url)
    if parsed.is_folder:
        raise InvalidGsUrl("Name an object, not a folder: gs://bucket/object.")
    return parsed


def parse_folder_url(url: str) -> GsUrl:
    """Parses `gs://bucket/folder/` or `gs://bucket`. Raises InvalidGsUrl."""
    parsed = parse_gs_url(url)
    if not parsed.is_folder:
        raise InvalidGsUrl("The folder must end with a slash: gs://bucket/folder/.")
    return parsed


def parse_gs_url(url: str) -> GsUrl:
    """Parses `gs://bucket/name`. Raises InvalidGsUrl."""
    bucket, _, name = url.removeprefix(GS).partition("/")
    check_bucket(bucket)
    check_name(name)
    return GsUrl(bucket, name)


def check_bucket(bucket: str) -> None:
    """Raises InvalidGsUrl for what cannot be the name of a bucket."""
    if not _BUCKET.fullmatch(bucket) or any(len(part) > 63 for part in bucket.split(".")):
        raise InvalidGsUrl("This is not the name of a bucket of Cloud Storage.")


def check_name(name: str) -> None:
    """Raises InvalidGsUrl for what cannot be the name of an object or a prefix."""
    if len(name.encode(errors="replace")) > MAX_NAME_BYTES:
        raise InvalidGsUrl(f"The name of an object has at most {MAX_NAME_BYTES} bytes.")
    segments = name.split("/")
    if "." in segments or ".." in segments or name.startswith(".well-known/acme-challenge/"):
        raise InvalidGsUrl("The name of an object must not contain the part “.” or “..”.")
    if not name.isprintable():
        raise InvalidGsUrl("The name of an object must consist of printable characters.")


def check_prefix(prefix: str) -> None:
    """Raises InvalidGsUrl for what cannot be the prefix of a binding."""
    if prefix.startswith("/") or (prefix and not prefix.endswith("/")):
        raise InvalidGsUrl("A prefix ends with a slash and does not begin with one.")
    check_name(prefix)


def check_not_ours(bucket: str, project: str, own_buckets: Iterable[str]) -> None:
    """Raises InvalidGsUrl for a bucket of this project, whoever asks: its functions have access
    to it. The names of all its buckets begin with the id of the project or contain it."""
    is_own = (
        bucket in own_buckets
        or bucket == project
        or bucket.startswith((f"{project}-", f"{project}_", f"{project}.", *_OWN_PREFIXES))
        or bucket.endswith(f".{project}.appspot.com")
    )
    if is_own:
        raise InvalidGsUrl("This bucket belongs to the service and cannot be used.")
