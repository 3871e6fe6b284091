"""Generation and metageneration conditions, for both APIs.

https://cloud.google.com/storage/docs/request-preconditions. Generation 0 stands for "no object".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from infra.local.emulators.gcs.errors import invalid_argument, not_modified, precondition_failed

_JSON_NAMES = {
    "generation_match": "GenerationMatch",
    "generation_not_match": "GenerationNotMatch",
    "metageneration_match": "MetagenerationMatch",
    "metageneration_not_match": "MetagenerationNotMatch",
}
_XML_NAMES = {
    "generation_match": "x-goog-if-generation-match",
    "metageneration_match": "x-goog-if-metageneration-match",
}


@dataclass(frozen=True)
class Conditions:
    """The conditions of a request on an object or bucket."""

    generation_match: int | None = None
    generation_not_match: int | None = None
    metageneration_match: int | None = None
    metageneration_not_match: int | None = None
    etag_match: str | None = None
    etag_not_match: str | None = None

    def check(
        self, generation: int, metageneration: int, etags: tuple[str, ...] = (), *, read: bool
    ) -> None:
        """Raises 412 unless all conditions hold, or 304 for a read with a failed "not match".

        `generation` 0 means that there is no live object. `etags` are its ETags on both APIs.
        """
        match_conditions = (
            ("ifGenerationMatch", self.generation_match, generation),
            ("ifMetagenerationMatch", self.metageneration_match, metageneration),
        )
        for name, expected, actual in match_conditions:
            if expected is not None and expected != actual:
                raise precondition_failed(name)
        if self.etag_match is not None and not _matches_etag(self.etag_match, etags):
            raise precondition_failed("If-Match")
        not_match_conditions = (
            ("ifGenerationNotMatch", self.generation_not_match == generation),
            ("ifMetagenerationNotMatch", self.metageneration_not_match == metageneration),
            ("If-None-Match", self.etag_not_match and _matches_etag(self.etag_not_match, etags)),
        )
        for name, is_equal in not_match_conditions:
            if is_equal:
                raise not_modified() if read else precondition_failed(name)


def _matches_etag(header: str, etags: tuple[str, ...]) -> bool:
    if header.strip() == "*":
        return bool(etags)
    return bool({part.strip().strip('"') for part in header.split(",")} & set(etags))


def _parse_int(name: str, text: str) -> int:
    # isdigit alone would accept digits of other scripts. 18 digits fit into SQLite's integers.
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise invalid_argument(f"Invalid value for {name}: {text[:64]}")
    return int(text)


def from_query(
    query: Mapping[str, str], headers: Mapping[str, str] | None = None, prefix: str = "if"
) -> Conditions:
    """Returns the conditions of a JSON API call. `prefix` is "ifSource" for a copy's source."""
    generations = {
        field: _parse_int(prefix + name, query[prefix + name])
        for field, name in _JSON_NAMES.items()
        if prefix + name in query
    }
    etag_headers = headers or {}
    return Conditions(
        **generations,
        etag_match=etag_headers.get("If-Match"),
        etag_not_match=etag_headers.get("If-None-Match"),
    )


def from_xml_headers(headers: Mapping[str, str]) -> Conditions:
    """Returns the conditions of an XML API request."""
    generations = {
        field: _parse_int(name, headers[name])
        for field, name in _XML_NAMES.items()
        if name in headers
    }
    return Conditions(
        **generations,
        etag_match=headers.get("If-Match"),
        etag_not_match=headers.get("If-None-Match"),
    )


def parse_generation(query: Mapping[str, str], name: str = "generation") -> int | None:
    """Returns the generation that a request names, or None."""
    return _parse_int(name, query[name]) if query.get(name) else None
