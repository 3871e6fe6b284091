"""Values that are built once per process."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import wraps
from typing import TypeVar

T = TypeVar("T")
_build_lock = threading.RLock()


def build_once(build: Callable[[], T]) -> Callable[[], T]:
    """Decorator: calls `build` at the first call, once even under concurrent calls, and returns the
    same value from then on."""
    values: list[T] = []

    @wraps(build)
    def get() -> T:
        if not values:
            with _build_lock:
                if not values:
                    values.append(build())
        return values[0]

    return get
