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
    """What must hold of the object (or bucket) for the request to go through."""

    generation_match: int | None = None
    generation_not_match: int | None = None
    metageneration_match: int | None = None
    metageneration_not_match: int | None = None
    etag_match: str | None = None
    etag_not_match: str | None = None

    def check(
        self, generation: int, metageneration: int, etags: tuple[str, ...] = (), *, read: bool
    ) -> None:
        """Raise 412 (or, on a read with an equal "not match", 304) unless all hold.

        `generation` 0 means that there is no live object; `etags` are the forms it is known by.
        """
        exact = (
            ("ifGenerationMatch", self.generation_match, generation),
            ("ifMetagenerationMatch", self.metageneration_match, metageneration),
        )
        for name, wanted, actual in exact:
            if wanted is not None and wanted != actual:
                raise precondition_failed(name)
        if self.etag_match is not None and not _lists(self.etag_match, etags):
            raise precondition_failed("If-Match")
        different = (
            ("ifGenerationNotMatch", self.generation_not_match == generation),
            ("ifMetagenerationNotMatch", self.metageneration_not_match == metageneration),
            ("If-None-Match", self.etag_not_match and _lists(self.etag_not_match, etags)),
        )
        for name, equal in different:
            if equal:
                raise not_modified() if read else precondition_failed(name)


def _lists(header: str, etags: tuple[str, ...]) -> bool:
    if header.strip() == "*":
        return bool(etags)
    return bool({part.strip().strip('"') for part in header.split(",")} & set(etags))


def _whole(name: str, text: str) -> int:
    # isdigit alone would let through digits of other scripts; 19 digits fit SQLite's integers.
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise invalid_argument(f"Invalid value for {name}: {text[:64]}")
    return int(text)


def from_query(
    query: Mapping[str, str], headers: Mapping[str, str] | None = None, prefix: str = "if"
) -> Conditions:
    """Conditions of a JSON API call; `prefix` is "ifSource" for the source of a copy."""
    found = {
        field: _whole(prefix + name, query[prefix + name])
        for field, name in _JSON_NAMES.items()
        if prefix + name in query
    }
    etags = headers or {}
    return Conditions(
        **found,
        etag_match=etags.get("If-Match"),
        etag_not_match=etags.get("If-None-Match"),
    )


def from_xml_headers(headers: Mapping[str, str]) -> Conditions:
    """Conditions of an XML API request."""
    found = {
        field: _whole(name, headers[name]) for field, name in _XML_NAMES.items() if name in headers
    }
    return Conditions(
        **found,
        etag_match=headers.get("If-Match"),
        etag_not_match=headers.get("If-None-Match"),
    )


def parse_generation(query: Mapping[str, str], name: str = "generation") -> int | None:
    """The generation that a request pins, if any."""
    return _whole(name, query[name]) if query.get(name) else None
