# Rendered from _async by infra/tools/render.py; do not edit.
"""Jobs, and what they can be made of: recipes, voices, languages."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime
from typing import Any

from moodreel import options
from moodreel._sync.base import BaseClient
from moodreel._sync.job import Job
from moodreel.api import path_of
from moodreel.files.inputs import Files
from moodreel.models import (
    JobPage,
    JobSummary,
    JobView,
    RecipeView,
    RecognitionLanguages,
    VoiceList,
)
from moodreel.operations import creation, results
from moodreel.operations.uploads import OnTransfer


class JobMethods(BaseClient):
    """Methods of jobs."""

    def run(
        self,
        recipe: str,
        files: Files = (),
        *,
        title: str | None = None,
        prompt: str | None = None,
        text: str | None = None,
        from_job: str | None = None,
        description: str | None = None,
        tags: Collection[str] | None = None,
        metadata: Mapping[str, str] | None = None,
        deliver_to: str | Mapping[str, str] | None = None,
        idempotency_key: str = "",
        on_created: Callable[[JobView], None] | None = None,
        on_transfer: OnTransfer | None = None,
        **recipe_options: Any,
    ) -> Job:
        """Creates a job and uploads its files. `Job.wait` waits for its end.

        Args:
            recipe: The name of a recipe, such as `frames`.
            files: A file, files in any order, or files by the names of the recipe's inputs: paths,
                URLs, or "latest".
            prompt: What a presentation is about; `text` is its source text.
            from_job: The id of a job or a recording whose files are used.
            description, tags, metadata: The user metadata: a text, labels, and texts by key.
            deliver_to: Where the results are copied when the job is done: a folder in a bucket of
                the account, `gs://bucket/folder/`, or HTTPS URLs for PUT by the names of results.
            idempotency_key: A repetition with the same key creates no second job.
            on_created: Called with the job before its files are uploaded.
            on_transfer: Called with the name of a file, the bytes sent, and its size.
            recipe_options: The options of the recipe; `GET /v1/recipes` describes them.

        Raises:
            ApiError: The API refused the job.
            TransferFailed: A file could not be uploaded. The job waits for it: see `Job.upload`.
            WrongFiles: A file does not exist, or the recipe does not take it.
        """
        members = options.job_members(
            title, prompt, text, from_job, description, tags, metadata, deliver_to
        )
        request = creation.JobRequest(recipe, files, recipe_options, members, idempotency_key)
        flow = creation.create_job(self.api, self._recipes, request, on_created, on_transfer)
        return Job(self, (self.perform(flow)).job)

    def job(self, job_id: str) -> Job:
        """Returns a job. Raises NotFound."""
        version = self.perform(results.read_job(self.api, job_id))
        return Job(self, version.view, version.etag)

    def jobs(
        self,
        *,
        recipe: str | None = None,
        status: str | None = None,
        q: str | None = None,
        tag: str | None = None,
        created_after: datetime | None = None,
        created_before: datetime | None = None,
    ) -> Iterator[JobSummary]:
        """Yields the jobs, newest first, with the text `q` in the title. A page is read when its
        first job is needed."""
        query = options.job_query(recipe, status, q, tag, created_after, created_before)
        for page in self._pages(JobPage, "/v1/jobs", query):
            yield from page.jobs

    def recipes(self) -> tuple[RecipeView, ...]:
        """Returns the recipes with their inputs."""
        return self.perform(self._recipes.list())

    def recipe(self, name: str) -> RecipeView:
        """Returns a recipe with its options. Raises WrongFiles if there is none of that name."""
        return self.perform(self._recipes.find(name))

    def voices(self, language: str | None = None) -> VoiceList:
        """Returns the voices of films, and which one speaks by default.

        Args:
            language: Only voices of this language, such as `pt-BR`.
        """
        return self.perform(self.api.get(VoiceList, "/v1/voices", language=language))

    def voice_sample(self, voice: str) -> bytes:
        """Returns a sentence that a voice speaks, as WAV. Raises NotFound."""
        flow = self.api.call("GET", path_of("voices", voice, "sample"))
        return (self.perform(flow)).content

    def recognition_languages(self) -> tuple[str, ...]:
        """Returns the tags of the languages that speech recognition knows."""
        flow = self.api.get(RecognitionLanguages, "/v1/recognition/languages")
        return (self.perform(flow)).languages
