"""Answers of RTSP cameras that ask for Digest authentication again and again (RFC 7616)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tests.fakes.cameras.rtsp_peer import RtspRequest

PUBLIC = "Public: OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, SET_PARAMETER"


class Challenges:
    """Answers only requests with the last nonce and a count that it has not seen.

    A nonce lasts for `max_uses` requests. The challenge after it has the nonce, the realm and the
    other fields that `fields` returns for its number.
    """

    def __init__(
        self, max_uses: int, fields: Callable[[int], str], session: str = "7;timeout=10"
    ) -> None:
        self._max_uses, self._fields, self._session = max_uses, fields, session
        self._counts: set[str] = set()
        self._number = 0

    def __call__(self, request: RtspRequest) -> Sequence[str]:
        current = self._fields(self._number)
        count = request.field("nc") or str(request.number)
        is_known = bool(request.field("nonce")) and f'nonce="{request.field("nonce")}"' in current
        is_known = is_known and f'realm="{request.field("realm")}"' in current
        if is_known and count not in self._counts and len(self._counts) < self._max_uses:
            self._counts.add(count)
            return ("200 OK", f"Session: {self._session}", PUBLIC)
        if len(self._counts) >= self._max_uses:
            self._number, self._counts = self._number + 1, set()
        return ("401 Unauthorized", f"WWW-Authenticate: Digest {self._fields(self._number)}")
