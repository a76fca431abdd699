"""A job as the pages show it: words, percent and what may be done with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from annotator.errors import ImportRefusedError, NotFoundError
from annotator.exporters.registry import EXPORTERS
from annotator.importers.registry import IMPORTERS
from annotator.models import Job
from annotator.services.imports.report import records_new

if TYPE_CHECKING:
    from annotator.models import Worker

TONES = {
    Job.State.QUEUED: "",
    Job.State.RUNNING: "live",
    Job.State.DONE: "good",
    Job.State.FAILED: "bad",
    Job.State.CANCELLED: "notice",
}
# What a result holds besides single numbers is shown in its own place.
FACTS = (
    "format",
    "new",
    "unchanged",
    "rejected",
    "problems",
    "traces",
    "steps",
    "labels",
    "scores",
    "rankings",
    "rows",
    "scored",
    "skipped",
    "model",
    "snapshot",
    "dry_run",
)
NOT_FACTS = frozenset(
    {"accepted", "errors", "warnings", "n_warnings", "metrics", "files", "excluded", "error"}
    | {"calls", "cached", "tokens_in", "tokens_out", "cost", "failures"}
)
# The words of the list of imported files.
FACT_WORDS = {"unchanged": "already there", "rejected": "refused", "dry_run": "only checked"}
# Of a check of answers, whose verdicts are no records of a file.
ANSWER_WORDS = {
    "outcome": "outcome",
    "right": "right",
    "wrong": "wrong",
    "unread": "no verdict",
    "late": "of these too long or too large",
    "unchanged": "unchanged since an earlier check",
    "kept": "left, known from elsewhere",
    "without_reference": "without a reference answer",
}


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job ready for a template."""

    job: Job

    @property
    def title(self) -> str:
        """What it works on: a file, a model, a snapshot or a format."""
        args = self.job.args
        return str(args.get("name") or args.get("format") or "")

    @property
    def kind(self) -> str:
        """The kind in words."""
        return Job.Kind(self.job.kind).label

    @property
    def waits(self) -> str:
        """What waits, and for whom, in words: "Score tiny waits for a gpu worker"."""
        name = " ".join(part for part in (self.kind, self.title) if part)
        queue = Job.Kind(self.job.kind).queue.value
        return f"{name} waits for {'an' if queue == 'io' else 'a'} {queue} worker"

    @property
    def state(self) -> str:
        """The state in words; a running job that was asked to stop says so."""
        if self.job.cancel_requested and self.job.state == Job.State.RUNNING:
            return "Cancelling"
        return Job.State(self.job.state).label

    @property
    def tone(self) -> str:
        """Class of the state's badge."""
        return TONES[Job.State(self.job.state)]

    @property
    def is_open(self) -> bool:
        """Whether it waits or runs."""
        return self.job.state in {Job.State.QUEUED, Job.State.RUNNING}

    @property
    def may_cancel(self) -> bool:
        """Whether asking it to stop makes sense."""
        return self.is_open and not self.job.cancel_requested

    @property
    def may_resume(self) -> bool:
        """Whether it can be queued again; what was refused once would be refused again."""
        ended = self.job.state in {Job.State.FAILED, Job.State.CANCELLED}
        return ended and not self.was_refused

    @property
    def was_refused(self) -> bool:
        """Whether nothing of an import's file was taken."""
        if not self.is_import:
            return False
        if self.job.state == Job.State.FAILED:
            return self.job.error_code in {*ImportRefusedError.CODES, NotFoundError.code}
        return self.job.state == Job.State.DONE and self.job.result.get("accepted") == 0

    @property
    def percent(self) -> int | None:
        """Progress, None while the total is not known."""
        if not self.job.total:
            return None
        return min(100, self.job.done * 100 // self.job.total)

    @property
    def stopped_at(self) -> str:
        """How far it came, where it ended before its end."""
        if not self.may_resume or not self.job.done:
            return ""
        total = f" of {self.job.total:,}" if self.job.total else ""
        return f"It came to {self.job.done:,}{total}. Resume goes on from what was kept."

    @property
    def seconds(self) -> int | None:
        """How long it has run or ran, None before it started."""
        if self.job.started is None:
            return None
        end = self.job.finished or timezone.now()
        return max(0, int((end - self.job.started).total_seconds()))

    @property
    def queue(self) -> Worker.Kind:
        """The workers it waits for."""
        return Job.Kind(self.job.kind).queue

    @property
    def facts(self) -> list[tuple[str, Any]]:
        """The single values of the result, in words and in order; what did not happen is left out."""
        found = {
            key: value
            for key, value in self.job.result.items()
            if key not in NOT_FACTS and value is not False and not isinstance(value, (dict, list))
        }
        if self.is_import and "accepted" in self.job.result:
            found["new"] = records_new(self.job.result)
        # The database does not keep the order of the keys.
        words, order = FACT_WORDS, tuple[str, ...](FACTS)
        if self.job.kind == Job.Kind.ANSWERS:
            words, order = ANSWER_WORDS, tuple(ANSWER_WORDS)
        ordered = [key for key in order if key in found]
        rest = sorted(found.keys() - set(ordered))
        if "format" in found:
            found["format"] = self._format_label(found["format"])
        return [(words.get(key, key.replace("_", " ")), found[key]) for key in (*ordered, *rest)]

    def _format_label(self, key: str) -> str:
        """Return what a person calls a format; one that is gone keeps its key."""
        rows = IMPORTERS if self.is_import else EXPORTERS
        return rows[key].label if key in rows else key

    @property
    def left_out(self) -> list[tuple[str, int]]:
        """What has no score, or is not in the export: reason and number, most first."""
        found = self.job.result.get("excluded") or {}
        return sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))

    @property
    def errors(self) -> list[dict[str, Any]]:
        """Records that were refused, with their places."""
        return list(self.job.result.get("errors") or [])

    @property
    def warnings(self) -> list[dict[str, Any]]:
        """Values that were kept differently from how they stood in the file."""
        return list(self.job.result.get("warnings") or [])

    @property
    def is_import(self) -> bool:
        """Whether the result is an import report."""
        return self.job.kind == Job.Kind.IMPORT
