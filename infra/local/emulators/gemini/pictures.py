"""Pictures of generateContent: shapes in colours that depend on the prompt.

They are placeholders, without a library for pictures: the environment of the emulators has none.
"""

from __future__ import annotations

import base64
import colorsys
import hashlib
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from infra.local.emulators.gemini.request import parse_texts
from infra.local.emulators.google_service import InvalidRequest

# https://ai.google.dev/gemini-api/docs/image-generation#aspect_ratios: the pictures of 1K.
SIZES = {
    "1:1": (1024, 1024), "2:3": (848, 1264), "3:2": (1264, 848), "3:4": (896, 1200),
    "4:3": (1200, 896), "4:5": (928, 1152), "5:4": (1152, 928), "9:16": (768, 1376),
    "16:9": (1376, 768), "21:9": (1584, 672),
}  # fmt: skip
"""Width and height in px by aspect ratio."""
PICTURE_TOKENS = 1120
"""The output tokens of a picture of a megapixel, by the same page."""
_DISCS = 4

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class PictureRequest:
    """A request for a picture: the texts of the prompt, and the size in px."""

    prompt: str
    width: int
    height: int


def parse_picture_request(body: Any, model: str) -> PictureRequest | None:
    """Returns the request, or None if it asks for text only. Raises InvalidRequest with the
    service's message."""
    prompt = "\n".join(parse_texts(body))
    config = body.get("generationConfig") or {}
    if "IMAGE" not in (config.get("responseModalities") or ()):
        return None
    if "-image" not in model:
        raise InvalidRequest(
            f"Model {model} does not support the requested response modalities: image"
        )
    if config.get("responseSchema") or config.get("responseMimeType"):
        raise InvalidRequest("JSON mode is not enabled for this model")
    options = config.get("imageConfig") or {}
    ratio = options.get("aspectRatio", "1:1") if isinstance(options, Mapping) else None
    if ratio not in SIZES:
        raise InvalidRequest(f"aspect_ratio must be one of {', '.join(SIZES)}.")
    return PictureRequest(prompt, *SIZES[ratio])


def draw_picture(request: PictureRequest) -> bytes:
    """Returns a PNG file with discs over a horizon. Place, size and colour depend on the prompt."""
    digest = hashlib.sha256(request.prompt.encode()).digest()
    sky, ground, *colours = (_colour(digest[n], n) for n in range(2 + _DISCS))
    width, height = request.width, request.height
    horizon = height * (120 + digest[10] // 4) // 256
    discs = [
        (
            width * (digest[11 + 3 * n] + 32) // 320,
            height * (digest[12 + 3 * n] + 32) // 320,
            min(width, height) * (digest[13 + 3 * n] + 128) // 1536,
            bytes(colour),
        )
        for n, colour in enumerate(colours)
    ]
    rows = []
    for y in range(height):
        row = bytearray(bytes(sky if y < horizon else ground) * width)
        for x, middle, radius, colour in discs:
            half = int(max(0, radius**2 - (y - middle) ** 2) ** 0.5)
            left, right = max(0, x - half), min(width, x + half)
            row[3 * left : 3 * right] = colour * (right - left)
        rows.append(b"\0" + row)
    return _encode_png(width, height, b"".join(rows))


def _colour(byte: int, index: int) -> Colour:
    """Returns a soft colour; the first two, of the background, are lighter."""
    red, green, blue = colorsys.hls_to_rgb(byte / 256, 0.82 if index < 2 else 0.58, 0.45)
    return round(red * 255), round(green * 255), round(blue * 255)


def _encode_png(width: int, height: int, rows: bytes) -> bytes:
    """Returns RGB rows, each after its filter byte, as a PNG file (ISO/IEC 15948)."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def build_picture_response(png: bytes, kind: str, *, model: str) -> dict[str, Any]:
    """Returns a GenerateContentResponse with a sketch and a picture, or a bad response of the given
    kind."""
    response: dict[str, Any] = {
        "modelVersion": model,
        "usageMetadata": count_tokens(PICTURE_TOKENS),
    }
    if kind == "blocked":
        return response | {"promptFeedback": {"blockReason": "IMAGE_SAFETY"}}
    if kind == "safety":
        return response | {"candidates": [{"finishReason": "IMAGE_SAFETY", "index": 0}]}
    data = png[: len(png) * 2 // 3] if kind == "truncated" else png
    if kind == "bad-picture":
        data = b"<svg xmlns='http://www.w3.org/2000/svg'/>"
    blob = {"mimeType": "image/png", "data": base64.b64encode(data).decode()}
    # Models that think return their sketches as well.
    parts: list[dict[str, Any]] = [{"inlineData": blob | {"data": "iVBORw0K"}, "thought": True}]
    parts += [{"inlineData": blob}]
    if kind in ("no-picture", "not-json", "wrong-schema"):
        parts = [{"text": "I can describe this picture, but I cannot draw it."}]
    finish = {"no-picture": "NO_IMAGE", "max-tokens": "MAX_TOKENS"}.get(kind, "STOP")
    content = {"parts": [] if kind == "empty" else parts, "role": "model"}
    return response | {"candidates": [{"content": content, "finishReason": finish, "index": 0}]}


def count_tokens(tokens: int) -> dict[str, int]:
    """Returns the metadata of a response with this number of output tokens."""
    return {"candidatesTokenCount": tokens, "totalTokenCount": tokens}
