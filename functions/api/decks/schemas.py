"""The request and response models of decks."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from functions.api.fields import Line, Scalar
from functions.api.jobs.uploads import UploadGrant
from shared.http.schemas import RequestModel, ResponseModel
from shared.recipes.films.added_pictures import MAX_ADDED_BYTES

MAX_REWRITE_CHARS = 1_000

Revision = Annotated[int, Field(ge=0, lt=1 << 31)]


class ChartPointContent(RequestModel):
    """A number of a chart and its label."""

    label: Annotated[str, Field(max_length=40)]
    value: float


class ChartContent(RequestModel):
    """A chart of 2 to 8 numbers in one unit: `bar`, `line` or `donut`."""

    kind: Annotated[str, Field(max_length=10)]
    points: Annotated[tuple[ChartPointContent, ...], Field(min_length=2, max_length=8)]
    unit: Annotated[str, Field(max_length=16)] = ""


class SlideContent(RequestModel):
    """A slide. Keep its `id` when you edit it. `picture` is one of the deck's `pictures`, or
    null; `alt` says what it shows, and `focus` is the point that stays visible when it is cropped:
    shares of its width and height, 0 to 1. Without one it is cropped around a face or the
    middle."""

    id: Annotated[str, Field(max_length=40)]
    heading: Annotated[str, Field(max_length=120)]
    bullets: Annotated[tuple[Annotated[str, Field(max_length=240)], ...], Field(max_length=6)] = ()
    notes: Annotated[str, Field(max_length=5_000)] = ""
    layout: Annotated[str, Field(max_length=20)] = "bullets"
    picture: Annotated[str, Field(max_length=300)] | None = None
    labels: Annotated[tuple[Annotated[str, Field(max_length=40)], ...], Field(max_length=6)] = ()
    number: Annotated[str, Field(max_length=20)] = ""
    chart: ChartContent | None = None
    icons: Annotated[tuple[Annotated[str, Field(max_length=40)], ...], Field(max_length=6)] = ()
    alt: Annotated[str, Field(max_length=250)] = ""
    focus: tuple[float, float] | None = None


class DeckContent(RequestModel):
    """The new content of a deck: title, language, look, and 3 to 40 slides in order."""

    title: Annotated[str, Field(max_length=120)]
    language: Annotated[str, Field(max_length=20)]
    theme: Annotated[str, Field(max_length=40)]
    aspect: Annotated[str, Field(max_length=10)]
    resolution: Annotated[str, Field(max_length=10)]
    slides: Annotated[tuple[SlideContent, ...], Field(min_length=3, max_length=40)]


class ReturnedSlide(SlideContent):
    """A slide as it was returned. `picture_url` is ignored."""

    picture_url: Annotated[str, Field(max_length=2_000)] | None = None


class DeckUpdate(RequestModel):
    """An edited deck: in `deck`, or with the fields of a deck as `GET` returned it, of which
    `current`, `pictures` and `added_pictures` are ignored. `revision` is the one that you read.
    `options` can change the voice, transitions, motion and subtitles of the film. With `release`
    the film is rendered without waiting for a review. A deck that is not changed opens no
    revision."""

    revision: Revision
    deck: DeckContent | None = None
    title: Annotated[str, Field(max_length=120)] | None = None
    language: Annotated[str, Field(max_length=20)] | None = None
    theme: Annotated[str, Field(max_length=40)] | None = None
    aspect: Annotated[str, Field(max_length=10)] | None = None
    resolution: Annotated[str, Field(max_length=10)] | None = None
    slides: Annotated[tuple[ReturnedSlide, ...], Field(min_length=3, max_length=40)] | None = None
    current: bool | None = None
    pictures: (
        Annotated[tuple[Annotated[str, Field(max_length=300)], ...], Field(max_length=200)] | None
    ) = None
    added_pictures: (
        Annotated[
            dict[Annotated[str, Field(max_length=300)], Annotated[str, Field(max_length=255)]],
            Field(max_length=200),
        ]
        | None
    ) = None
    options: dict[Annotated[str, Field(max_length=40)], Scalar] = Field({}, max_length=20)
    release: bool = False


class SlideRewriteRequest(RequestModel):
    """A request to rewrite one slide as `instruction` says; null asks for a different version."""

    revision: Revision
    instruction: Annotated[Line, Field(max_length=MAX_REWRITE_CHARS)] | None = None


class DeckPictureRequest(RequestModel):
    """A picture to be added to a deck. `sha256` is that of its bytes, in lower-case hex."""

    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    filename: Annotated[Line, Field(max_length=255)]
    content_type: Literal["image/jpeg", "image/png", "image/webp", "image/heic", "image/heif"]
    size_bytes: Annotated[int, Field(gt=0, le=MAX_ADDED_BYTES)]


class DeckPictureView(ResponseModel):
    """An added picture: the value for a slide's `picture`, and the request that uploads it, or
    null if it is uploaded already."""

    picture: str
    upload: UploadGrant | None


class ChartPointView(ResponseModel):
    """A number of a chart and its label."""

    label: str
    value: float


class ChartView(ResponseModel):
    """A chart of numbers in one unit."""

    kind: str
    points: tuple[ChartPointView, ...]
    unit: str


class SlideView(ResponseModel):
    """A slide and the URL of its rendered picture."""

    id: str
    heading: str
    bullets: tuple[str, ...]
    notes: str
    layout: str
    picture: str | None
    labels: tuple[str, ...] = ()
    number: str = ""
    chart: ChartView | None = None
    icons: tuple[str, ...] = ()
    alt: str = ""
    focus: tuple[float, float] | None = None
    picture_url: str


class DeckView(ResponseModel):
    """The deck of `revision`. `current` is false while a newer revision is rendered, and after its
    rendering failed. `pictures` are the values that a slide's `picture` can have, and
    `added_pictures` the file names of those that were added to the deck."""

    revision: int
    current: bool
    title: str
    language: str
    theme: str
    aspect: str
    resolution: str
    slides: tuple[SlideView, ...]
    pictures: tuple[str, ...]
    added_pictures: dict[str, str]
