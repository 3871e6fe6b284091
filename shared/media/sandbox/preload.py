"""Imported by the fork server only, before the decoders: keeps sandbox processes from importing the
main module of the parent, which none of them uses.

multiprocessing has every process import it, in CPython before 3.12.8 each one anew (gh-126631). The
imports of a main module cost more CPU time than decoding a slide.
"""

from __future__ import annotations

from multiprocessing import spawn


def _skip(_name_or_path: str) -> None:
    """Replaces the functions that import the main module."""


for _name in ("_fixup_main_from_name", "_fixup_main_from_path"):
    setattr(spawn, _name, _skip)
