"""Counts the uses of share links, best effort: a link is served whether its use is counted or not.

A document takes about one sustained write a second, and a link that spreads is opened more often.
So an instance writes the count of a link in one request at a time. The uses of other requests in
the meantime are added to its next write, and no request waits for another one.
"""

from __future__ import annotations

import threading
from collections import Counter

from shared.flows.documents import CommitResult, Increment, Update
from shared.http.request import ApiRequest

MAX_WRITES = 2
"""In one request: its own use, and those that were added while it was written. Each takes at most
the timeout of `JobStore.try_commit`."""


class LinkUses:
    """The uses that this instance has not written yet, by the path of the link. Safe to use in
    several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._unwritten: Counter[str] = Counter()
        self._writing: set[str] = set()

    def count(self, request: ApiRequest, path: str) -> None:
        """Counts one use of the link whose document is at `path`. Raises nothing."""
        with self._lock:
            self._unwritten[path] += 1
            if path in self._writing:
                return
            self._writing.add(path)
        writes_left = MAX_WRITES
        while (uses := self._take(path, may_write=writes_left > 0)) and self._write(
            request, path, uses
        ):
            writes_left -= 1

    def _take(self, path: str, *, may_write: bool) -> int:
        """Returns the uses to write. At 0 this request has ended writing."""
        with self._lock:
            uses = self._unwritten.pop(path, 0) if may_write else 0
            if not uses:
                self._writing.discard(path)
            return uses

    def _write(self, request: ApiRequest, path: str, uses: int) -> bool:
        """Adds uses to the count. Returns whether the document may take another write."""
        now = request.services.clock.now()
        update = Update(path, {"uses": Increment(uses), "last_used_at": now})
        reason = "the link is deleted"
        try:
            result = request.services.store.try_commit([update])
            if result is CommitResult.OK:
                return True
        except Exception as error:
            # No error may keep the link from being served. The outcome is unknown: adding the uses
            # again could count them twice.
            result, reason = CommitResult.MISSING, repr(error)
        with self._lock:
            if result is CommitResult.CONFLICT:
                self._unwritten[path] += uses
            self._writing.discard(path)
        if result is CommitResult.MISSING:
            request.services.log("share.not_counted", severity="WARNING", uses=uses, reason=reason)
        return False


LINK_USES = LinkUses()
"""Those of this instance."""
