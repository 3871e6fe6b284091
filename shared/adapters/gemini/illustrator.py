"""Gemini's image model as Illustrator, through google-genai."""

from __future__ import annotations

from google.genai import types

from shared.adapters.gemini.access import GeminiAccess
from shared.adapters.gemini.client import GenAiClient, response_parts, response_reasons
from shared.adapters.gemini.illustrator_prompt import (
    INSTRUCTIONS,
    closest_aspect_ratio,
    describe_slide,
)
from shared.adapters.gemini.responses import PICTURE_ERRORS, Picture, response_picture
from shared.ports.models import PictureRequest


class GenAiIllustrator:
    """Illustrator with one client. Pictures have the model's default size, about a megapixel."""

    def __init__(self, access: GeminiAccess) -> None:
        self._client = GenAiClient(access)

    @property
    def engine(self) -> str:
        return self._client.engine

    def draw(self, request: PictureRequest) -> bytes:
        # Not every image model takes a system instruction. JSON quotes the texts of the slide.
        texts = (INSTRUCTIONS, describe_slide(request))
        contents = types.Content(role="user", parts=[types.Part(text=text) for text in texts])
        config = types.GenerateContentConfig(
            response_modalities=["IMAGE"],
            image_config=types.ImageConfig(
                aspect_ratio=closest_aspect_ratio(request.width, request.height)
            ),
        )
        response = self._client.generate_content(contents, config, PICTURE_ERRORS)
        pictures = [
            Picture(blob.mime_type or "", blob.data or b"", bool(part.thought))
            for part in response_parts(response)
            if (blob := part.inline_data) is not None
        ]
        return response_picture(*response_reasons(response), pictures)
