"""The entries of the header: which pages a person's role sees, and in what groups.

Who judges sees the pages of judging side by side; who reviews or owns sees them grouped by what
they are for. A new page is one row here; its view names the row's ``section``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from django.urls import reverse

if TYPE_CHECKING:
    from annotator.queries.access import Access, Role


@dataclass(frozen=True, slots=True)
class Tab:
    """A link of the header; ``url`` and ``current`` are filled in for one page."""

    section: str
    label: str
    route: str
    needs: Role = "viewer"
    url: str = ""
    current: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """A disclosure of links; current if the page belongs to one of them."""

    label: str
    tabs: tuple[Tab, ...]

    @property
    def current(self) -> bool:
        """Say whether the page is one of these."""
        return any(tab.current for tab in self.tabs)


PROBLEMS = Tab("problems", "Problems", "problem-list")
QUEUES = Tab("queues", "Queues", "queue-list")
RANKINGS = Tab("rankings", "Rankings", "rankings")
ADJUDICATION = Tab("adjudication", "Adjudication", "adjudication", "reviewer")
INBOX = Tab("inbox", "Inbox", "inbox", "annotator")
AGREEMENT = Tab("agreement", "Agreement", "agreement", "reviewer")
OVERVIEW = Tab("overview", "Overview", "overview")
DISAGREEMENTS = Tab("disagreements", "Model disagreements", "disagreements", "reviewer")
QUALITY = Tab("quality", "Quality", "quality", "annotator")
GOLD = Tab("gold", "Gold", "gold-list", "reviewer")
IMPORT = Tab("import", "Import", "import")
DATASETS = Tab("datasets", "Datasets", "dataset-list")
MODELS = Tab("models", "Models", "model-list")
JOBS = Tab("jobs", "Jobs", "job-list")
GUIDELINES = Tab("guidelines", "Guidelines", "guidelines")
CRITERIA = Tab("criteria", "Criteria", "criteria")
TAXONOMY = Tab("taxonomy", "Error types", "taxonomy")
MEMBERS = Tab("members", "Members", "members")
SETTINGS = Tab("settings", "Settings", "project-settings", "owner")

JUDGING: tuple[Tab | Group, ...] = (
    PROBLEMS,
    QUEUES,
    RANKINGS,
    GUIDELINES,
    INBOX,
    Group("More", (OVERVIEW, QUALITY, CRITERIA, TAXONOMY, IMPORT, DATASETS, MODELS, JOBS, MEMBERS)),
)
REVIEWING: tuple[Tab | Group, ...] = (
    PROBLEMS,
    Group("Judge", (QUEUES, RANKINGS, ADJUDICATION, INBOX)),
    Group("Quality", (OVERVIEW, AGREEMENT, DISAGREEMENTS, QUALITY, GOLD)),
    Group("Data", (IMPORT, DATASETS)),
    MODELS,
    JOBS,
    Group("Project", (GUIDELINES, CRITERIA, TAXONOMY, MEMBERS, SETTINGS)),
)


def navigation(access: Access, section: str) -> tuple[Tab | Group, ...]:
    """Return the header's entries that ``access`` may open, with ``section`` marked."""

    def filled(tab: Tab) -> Tab:
        url = reverse(f"annotator:{tab.route}", args=[access.project.name])
        return replace(tab, url=url, current=tab.section == section)

    def allowed(tabs: tuple[Tab, ...]) -> tuple[Tab, ...]:
        return tuple(filled(tab) for tab in tabs if access.is_at_least(tab.needs))

    entries: list[Tab | Group] = []
    for entry in REVIEWING if access.may_review else JUDGING:
        if isinstance(entry, Group):
            entries.append(Group(entry.label, allowed(entry.tabs)))
        else:
            entries += allowed((entry,))
    return tuple(entries)
