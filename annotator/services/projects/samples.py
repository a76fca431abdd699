"""The sample project: our own generated trees with exact checker labels, no download."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from django.db import transaction

from annotator.models import SourceFile
from annotator.services.guidelines.versions import guideline_set
from annotator.services.imports.records import import_records
from scoring.errors import CancelledError
from scoring.samples import arithmetic, game24
from scoring.verify import label_record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from annotator.models import Project
    from annotator.services.imports.report import ImportReport
    from scoring.types import TreeRecord

SAMPLE_GUIDELINES = """\
## How to rate a step

Read the problem, then the steps in order. Judge each step given the steps before it.

**Arithmetic**

* **+1 right**: after this step the solution can still end with the right answer.
* **−1 wrong**: it goes wrong here, or goes on with an earlier error.
* A step that notices and repairs an earlier error is +1; mark that it does.

**Game of 24**

* **+1 right**: the operation is legal, and 24 can still be made of the numbers left.
* **−1 wrong**: a number is used that is not there, the result is wrong, or 24 is out of reach.

Mark **unsure** if you cannot decide, and say why in a note. The checker's labels are a machine
rater's: they are shown as such and count in no progress or agreement.
"""
SAMPLE_SEED = 24
N_ARITHMETIC = 100
N_GAME24 = 100
SAMPLE_FORMAT = "tracewood"
SAMPLE_FILE = "generated sample"


def sample_project_fill(
    *,
    project: Project,
    on_progress: Callable[[int, int, str], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> ImportReport | None:
    """Add the sample's problems to ``project``; None if they are all there.

    Interrupted at any point, the next call adds what is missing.

    Raises:
        CancelledError: ``should_stop`` said so.
    """
    with transaction.atomic():
        file, _ = SourceFile.objects.get_or_create(
            project=project, format=SAMPLE_FORMAT, name=SAMPLE_FILE
        )
        if file.report.get("accepted") == N_ARITHMETIC + N_GAME24:
            return None
        if project.guidelines.count() <= 1:
            guideline_set(
                project=project,
                markdown=SAMPLE_GUIDELINES,
                author=None,
                change="The rules of the sample's two kinds of problems.",
            )

    def on_batch(report: ImportReport) -> None:
        if on_progress is not None:
            told = f"{report.counts.steps:,} steps added"
            on_progress(report.records, N_ARITHMETIC + N_GAME24, told)

    report = import_records(
        project=project,
        format=SAMPLE_FORMAT,
        items=sample_records(),
        file=file,
        on_batch=on_batch,
        should_stop=should_stop,
    )
    file.report = report.as_dict()
    file.save(update_fields=["report"])
    on_batch(report)
    if report.cancelled:
        raise CancelledError("stopped; loading the sample again adds what is missing")
    return report


def sample_records() -> Iterator[TreeRecord]:
    """Yield the sample's problems with the labels of their checkers; always the same ones."""
    trees = chain(arithmetic(SAMPLE_SEED, N_ARITHMETIC), game24(SAMPLE_SEED, N_GAME24))
    for position, record in enumerate(trees):
        record.record = position
        record.labels = label_record(record)
        yield record
