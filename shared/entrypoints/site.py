"""`site`: the entry point of a function that serves its own files and uses no service.

It imports no Google library, so that a new instance serves its first page quickly.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import functions_framework
from werkzeug.wrappers import Request, Response

from shared.runtime.settings import Settings

Respond = Callable[[Request], Response]
EntryPoint = Callable[[Request], Response]


def site(build: Callable[[Settings], Respond]) -> EntryPoint:
    """Returns the entry point: `main = site(build)`. `build` reads the files at the first
    request. While it raises, every request fails with its error."""

    @functools.cache
    def respond() -> Respond:
        return build(Settings.from_env())

    def main(request: Request) -> Response:
        return respond()(request)

    functions_framework.http(main)
    return main
