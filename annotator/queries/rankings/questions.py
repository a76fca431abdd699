"""Contradictions between the judgements of problems: questions for a reviewer, with links.

They are computed from what stands now, so one that was mended is gone; what a reviewer said of one
stands in ``Resolution``, under a name made of what contradicts what: kind, level, criterion, items,
and, where one person contradicts themselves, who. While that is the same, it stays resolved.

Who may see whose: a reviewer all, anybody else their own answers once they are in.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from annotator.models import Ranking, Resolution
from annotator.queries.rankings.criteria import criterion_labels
from annotator.queries.rankings.facts import Facts, facts_of
from annotator.queries.rankings.places import record_of
from scoring.preference.consistency import (
    level_contradictions,
    majority_cycles,
    outcome_contradictions,
    own_cycles,
    rating_contradictions,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from annotator.models import Problem
    from annotator.queries.access import Access
    from annotator.queries.rankings.places import Place
    from scoring.preference.consistency import Finding, Kind
    from scoring.preference.types import RankingRecord

TITLES: dict[Kind, str] = {
    "own_cycle": "One person prefers in a circle",
    "majority_cycle": "The majority prefers in a circle",
    "levels": "Two levels disagree",
    "rating": "A preferred step is rated −1",
    "outcome": "A preferred trace is wrong",
}
CIRCLES = ("own_cycle", "majority_cycle")
# Somebody contradicts themselves; in the other kinds it is about everybody who says so.
OF_ONE = ("own_cycle", "rating")
# What speaks against the preference, where it is not another preference.
AGAINST: dict[Kind, str] = {
    "levels": "the rankings of the traces hold",
    "rating": "the ratings hold",
    "outcome": "the outcomes hold",
}


@dataclass(frozen=True, slots=True)
class Question:
    """One contradiction as a reviewer reads it.

    Attributes:
        kind: a key of ``scoring.preference.consistency.KINDS``.
        name: what tells it from others of the problem, for ``Resolution.contradiction``.
        title: what it is about in a few words.
        sentence: who prefers what to what, and what speaks against it.
        sides: the two that cannot both hold, as what a reviewer may say of each.
        level: of the ranking.
        criterion: key, "" = overall.
        parent: where its items stand, None = the problem or traces.
        items: step or trace ids, for links.
        resolution: what a reviewer said of it, None = open.
    """

    kind: str
    name: str
    title: str
    sentence: str
    sides: tuple[str, str]
    level: str
    criterion: str
    parent: int | None
    items: tuple[int, ...]
    resolution: Resolution | None = None


def questions_of(
    *, problems: Sequence[Problem], access: Access, resolved: bool = False
) -> dict[int, list[Question]]:
    """Return the contradictions that this member may see, by problem; none are left out.

    The number of queries does not depend on how many problems there are.

    Args:
        problems: of the project of ``access``.
        access: who asks.
        resolved: those that a reviewer has answered, in place of the open ones.
    """
    rankings = Ranking.objects.filter(problem__in=problems)
    if not access.may_review:
        rankings = rankings.filter(rater__user=access.user_id)
    records: dict[int, list[RankingRecord]] = defaultdict(list)
    for row in rankings.order_by("pk"):
        records[row.problem_id].append(record_of(row))
    if not records:
        return {}
    facts = facts_of(project=access.project, records=[r for rows in records.values() for r in rows])
    labels = criterion_labels(access.project)
    known = {
        (row.problem_id, row.contradiction): row
        for row in Resolution.objects.filter(problem__in=records).select_related("rater")
    }
    found: dict[int, list[Question]] = {}
    for problem, rows in records.items():
        questions = [
            _question(finding, facts, labels, known.get((problem, _name(finding))))
            for finding in _findings(rows, facts)
        ]
        wanted = [q for q in questions if (q.resolution is not None) == resolved]
        if wanted:
            found[problem] = wanted
    return found


def questions_at(*, place: Place, access: Access) -> list[Question]:
    """Return the open questions about the items of one place, of any level."""
    here = set(place.items)
    kinds = {"trace"} if place.level == "trace" else {"step", "branch"}
    found = questions_of(problems=[place.problem], access=access)
    return [
        question
        for question in found.get(place.problem.pk, [])
        if question.level in kinds and here.issuperset(question.items)
    ]


def _findings(records: Sequence[RankingRecord], facts: Facts) -> list[Finding]:
    """Return the contradictions between the judgements of one problem."""
    traces = {item for record in records if record.level == "trace" for item in record.items}
    paths = {trace: facts.paths[trace] for trace in traces if trace in facts.paths}
    name, who = facts.item, facts.rater
    return [
        *own_cycles(records, name=name, who=who),
        *majority_cycles(records, name=name, who=who),
        *level_contradictions(records, paths, name=name, who=who),
        *rating_contradictions(records, facts.ratings, name=name, who=who),
        *outcome_contradictions(records, facts.outcomes, name=name, who=who),
    ]


def _question(
    finding: Finding, facts: Facts, labels: Mapping[str, str], resolution: Resolution | None
) -> Question:
    sentence = finding.sentence
    if finding.criterion:
        label = labels.get(finding.criterion, finding.criterion).lower()
        sentence = sentence.replace(f" on {finding.criterion}", f" on {label}", 1)
    return Question(
        kind=finding.kind,
        name=_name(finding),
        title=TITLES[finding.kind],
        sentence=sentence,
        sides=_sides(finding, facts),
        level=finding.level,
        criterion=finding.criterion,
        parent=facts.parent(finding.items[0]),
        items=finding.items,
        resolution=resolution,
    )


def _name(finding: Finding) -> str:
    """Return what stays the same while the contradiction is the same one."""
    items = ",".join(map(str, _turned(finding)))
    parts = [finding.kind, finding.level, finding.criterion, items]
    return ":".join([*parts, *map(str, finding.raters if finding.kind in OF_ONE else ())])


def _turned(finding: Finding) -> tuple[int, ...]:
    """Return the items; a circle from its smallest id on, wherever it was found to begin."""
    items = finding.items
    start = items.index(min(items)) if finding.kind in CIRCLES else 0
    return (*items[start:], *items[:start])


def _sides(finding: Finding, facts: Facts) -> tuple[str, str]:
    """Return what a reviewer may say holds: the one side, the other."""
    if finding.kind in AGAINST:
        return "the preference holds", AGAINST[finding.kind]
    first, *_, last = line = [facts.item(item) for item in _turned(finding)]
    return f"{' over '.join(line)} holds", f"{last} over {first} holds"
