"""What is known of a job."""

from __future__ import annotations

from moodreel.errors import JobFailed
from moodreel.models import ArtifactView, ErrorView, JobView
from moodreel.operations.results import JobVersion


class JobState:
    """What is known of a job. `view` is its last version as the API returned it."""

    _version: JobVersion

    @property
    def view(self) -> JobView:
        """All members of the job."""
        return self._version.view

    @property
    def id(self) -> str:
        """The id of the job."""
        return self.view.id

    @property
    def status(self) -> str:
        """awaiting_upload, queued, running, awaiting_review, done, failed or cancelled."""
        return self.view.status

    @property
    def title(self) -> str:
        """The title of the job."""
        return self.view.title

    @property
    def error(self) -> ErrorView | None:
        """Why the job failed."""
        return self.view.error

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences about what the results lack."""
        return self.view.warnings

    @property
    def artifacts(self) -> tuple[ArtifactView, ...]:
        """The results."""
        return self.view.artifacts

    def raise_for_status(self) -> None:
        """Raises JobFailed if the job failed or was cancelled."""
        if self.status in ("failed", "cancelled"):
            raise JobFailed(self.view)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id} {self.view.recipe} {self.status}>"
