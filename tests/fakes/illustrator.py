"""An illustrator such as MOODREEL_ILLUSTRATOR names: coloured paper with a white border."""

from __future__ import annotations

import hashlib
import io

from PIL import Image, ImageOps

from shared.ports.models import PictureRefused, PictureRequest
from shared.runtime.settings import Settings


class PaperIllustrator:
    """Draws a colour derived from the heading. Refuses a heading with the word "secret"."""

    @property
    def engine(self) -> str:
        return "paper-1"

    def draw(self, request: PictureRequest) -> bytes:
        if "secret" in request.heading.lower():
            raise PictureRefused
        red, green, blue = hashlib.sha256(request.heading.encode()).digest()[:3]
        paper = Image.new("RGB", (request.width, request.height), (red, green, blue))
        out = io.BytesIO()
        ImageOps.expand(paper, 12, (255, 255, 255)).save(out, "PNG")
        return out.getvalue()


def paper_illustrator(_settings: Settings) -> PaperIllustrator:
    """The factory that the setting names."""
    return PaperIllustrator()
