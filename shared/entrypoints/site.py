"""`site`: the frame around a function that hands out files of its own and asks no neighbour.

It carries no library of Google's, so that the first page of a new instance is there at once.
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
    """The entry point: `main = site(build)`. `build` reads the files when the first request comes;
    what it raises then is told again to every later one."""

    @functools.cache
    def respond() -> Respond:
        return build(Settings.from_env())

    def main(request: Request) -> Response:
        return respond()(request)

    functions_framework.http(main)
    return main
