"""Creates jobs from local files, URLs and texts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from moodreel.api import Api, new_key, without_none
from moodreel.files.inputs import Files, Source, WrongFiles, assign_files, read_files
from moodreel.flow import Flow, work
from moodreel.models import CreatedJob, JobView, RecipeList, RecipeView
from moodreel.operations.uploads import OnTransfer, upload_file


@dataclass(frozen=True)
class JobRequest:
    """A job to create. `members` are further members of the request, such as `title`."""

    recipe: str
    files: Files = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    members: Mapping[str, Any] = field(default_factory=dict)
    key: str = ""
    """The Idempotency-Key: a repetition with the same one creates no second job."""


class Recipes:
    """The recipes of a service, which are read once."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._recipes: RecipeList | None = None

    def list(self) -> Flow[tuple[RecipeView, ...]]:
        """Returns all recipes."""
        if self._recipes is None:
            self._recipes = yield from self._api.get(RecipeList, "/v1/recipes")
        return self._recipes.recipes

    def find(self, name: str) -> Flow[RecipeView]:
        """Returns a recipe. Raises WrongFiles if there is none of that name."""
        recipes = yield from self.list()
        for recipe in recipes:
            if recipe.name == name:
                return recipe
        names = ", ".join(recipe.name for recipe in recipes)
        raise WrongFiles(f"There is no recipe {name!r}. Choose one of: {names}.")


def create_job(
    api: Api,
    recipes: Recipes,
    request: JobRequest,
    on_created: Callable[[JobView], None] | None = None,
    on_transfer: OnTransfer | None = None,
) -> Flow[CreatedJob]:
    """Creates a job and uploads its files. Returns it as it was created, before the uploads.

    Args:
        on_created: Called with the job before the uploads.

    Raises:
        WrongFiles: The recipe does not take these files.
        TransferFailed: A file could not be uploaded. The job remains, and waits for it.
    """
    sources = yield from _assign(recipes, request)
    inputs = yield from work(lambda: {name: source.declare() for name, source in sources.items()})
    body = without_none(
        recipe=request.recipe, options=dict(request.options), inputs=inputs, **request.members
    )
    created = yield from api.post(CreatedJob, "/v1/jobs", body, key=request.key or new_key())
    if on_created is not None:
        on_created(created.job)
    for name, grant in created.uploads.items():
        path = sources[name].path if name in sources else None
        if path is not None:
            yield from upload_file(api, created.job.id, name, path, grant, on_transfer)
    return created


def _assign(recipes: Recipes, request: JobRequest) -> Flow[dict[str, Source]]:
    sources = yield from work(lambda: read_files(request.files))
    if isinstance(sources, dict):
        return sources
    given = any(request.members.get(name) for name in ("prompt", "text"))
    if request.members.get("from") and not sources:
        return {}
    recipe = yield from recipes.find(request.recipe)
    return assign_files(recipe, sources, given=given)
