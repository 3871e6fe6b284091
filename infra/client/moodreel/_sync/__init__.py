# Rendered from _async by infra/tools/render.py; do not edit.
"""The classes of both clients. `_sync` is rendered from `_async` by `infra/tools/render.py`."""
