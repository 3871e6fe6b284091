"""A sandbox function without work. It is in a module of its own, because the sandbox imports it by
name and the methods run as a program."""

from __future__ import annotations

from shared.media.sandbox.child import SandboxIO


def do_nothing(_sandbox_io: SandboxIO) -> bytes:
    """Returns nothing."""
    return b""
