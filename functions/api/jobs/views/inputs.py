"""The response models of a job's inputs."""

from __future__ import annotations

from functions.api.jobs.views.uploads import find_uploads
from shared.http.schemas import ResponseModel
from shared.jobs.model import Job
from shared.pipeline import RECIPES
from shared.recipes.media_info import MediaInfo
from shared.recipes.upload_results import PictureInfo, PromptInfo, SoundInfo


class JobInputView(ResponseModel):
    """An input of a job. `kind` is `video`, `audio`, `image` or `text`: what was found in the file,
    and before that what the recipe takes (null when it takes several). `duration_s`, `width` and
    `height` are null until the file was examined, and where it has none. The size of a picture is
    that of the upright one. `uploaded` is true when the file was examined and accepted."""

    name: str
    filename: str
    content_type: str
    size_bytes: int
    kind: str | None
    duration_s: float | None
    width: int | None
    height: int | None
    uploaded: bool


def input_views(job: Job) -> tuple[JobInputView, ...]:
    """Returns the inputs of a job, without links to them."""
    uploads = find_uploads(job)
    views = []
    for item in job.inputs:
        upload = uploads.get(item.name)
        kind = _declared_kind(job, item.name)
        size: tuple[int | None, int | None] = (None, None)
        match None if upload is None else upload.info:
            case MediaInfo() as info:
                kind, size = "video", info.video.display_size
            case PictureInfo() as info:
                kind, size = "image", (info.width, info.height)
            case SoundInfo():
                kind = "audio"
            case PromptInfo():
                kind = "text"
            case _:
                pass
        views.append(
            JobInputView(
                name=item.name,
                filename=item.filename,
                content_type=item.content_type,
                size_bytes=item.size_bytes,
                kind=kind,
                duration_s=None if upload is None else upload.duration_s or None,
                width=size[0],
                height=size[1],
                uploaded=upload is not None,
            )
        )
    return tuple(views)


def _declared_kind(job: Job, name: str) -> str | None:
    recipe_input = RECIPES[job.recipe_name].find_input(name)
    if recipe_input is None or len(recipe_input.kinds) != 1:
        return None
    return recipe_input.kinds[0]
