"""What an entry of the history says, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from annotator.models import (
    Assignment,
    Comment,
    JudgementEvent,
    Resolution,
    Step,
    Submission,
    Trace,
)
from annotator.queries.guidelines.taxonomy import error_type_label, error_type_labels
from annotator.queries.rankings.places import NOUNS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from annotator.models import Project

Kind = JudgementEvent.Kind
State = dict[str, Any]
WORDS_SHOWN = 40
RATINGS = {-1: "−1", 0: "0", 1: "+1", None: "seen, not rated"}
# What an event is about, as the object of "took back".
THINGS = {
    Kind.STEP_LABEL: "the rating",
    Kind.SPAN_LABEL: "the rating of a span",
    Kind.ALTERNATIVE: "an alternative",
    Kind.OUTCOME: "the outcome",
    Kind.RANKING: "the ranking",
    Kind.SUBMISSION: "the submission",
    Kind.ADJUDICATION: "the final decision",
    Kind.RESOLUTION: "the answer to a contradiction",
}
ENDS = {
    Assignment.State.SUBMITTED: "submitted",
    Assignment.State.SKIPPED: "skipped",
    Assignment.State.RETURNED: "put back",
    Assignment.State.EXPIRED: "lost the lease of",
}


@dataclass(frozen=True, slots=True)
class Names:
    """What to call what states hold only by id or key.

    Attributes:
        items: of rankings, by whether they are traces, then by id.
        types: of errors, by key.
    """

    items: dict[bool, dict[int, str]]
    types: dict[str, str]


def names_in(events: Iterable[JudgementEvent], *, project: Project) -> Names:
    """Return the names for these events: traces by number, steps by first words."""
    ranked: dict[bool, set[int]] = {True: set(), False: set()}
    typed = False
    for event in events:
        for state in (event.payload, event.before or {}):
            said = state.get("decision") or state
            typed |= bool(said.get("error_type"))
            tiers = [*said.get("tiers", ()), said.get("aside", ())]
            ranked[_ranks_traces(event)].update(item for tier in tiers for item in tier)
    traces = Trace.objects.filter(pk__in=ranked[True]).values_list("pk", "ordinal")
    steps = Step.objects.filter(pk__in=ranked[False]).values_list("pk", "text")
    items = {
        True: {pk: f"trace {ordinal + 1}" for pk, ordinal in traces},
        False: {pk: _first_words(text) for pk, text in steps},
    }
    return Names(items, error_type_labels(project=project) if typed else {})


def event_words(event: JudgementEvent, names: Names) -> str:
    """Say what an event changed: the new state, and what it replaced."""
    kind = Kind(event.kind)
    now = None if event.payload.get("cleared") else event.payload
    before = None if not event.before else _said(event, event.before, names)
    undo = "undid: " if event.undoes_id else ""
    if now is None:
        return f"{undo}took back {THINGS[kind]}{f' {before}' if before else ''}"
    said = f"{undo}{VERBS[kind].format(**_where(event))} {_said(event, now, names)}"
    return f"{said} (before: {before})" if before and before != _said(event, now, names) else said


def import_words(event: JudgementEvent) -> str:
    """Say where imported judgements come from."""
    names = {
        "labels": "label",
        "spans": "span label",
        "alternatives": "alternative",
        "outcomes": "outcome",
        "rankings": "ranking",
        "submissions": "submission",
        "adjudications": "final decision",
    }
    counts = [
        f"{len(rows)} {names[name]}{'s' * (len(rows) != 1)}"
        for name, rows in event.payload.items()
        if name in names and rows
    ]
    where = f" from {event.source.file.name}" if event.source and event.source.file_id else ""
    return f"imported{where}: {', '.join(counts) or 'no judgement'}"


def comment_words(comment: Comment) -> str:
    """Say what kind of remark it is, and how it was answered."""
    said = {
        Comment.Kind.COMMENT: "replied" if comment.answers_id else "commented",
        Comment.Kind.FLAG: "asked about the guidelines",
        Comment.Kind.UNSURE: "was unsure",
    }[Comment.Kind(comment.kind)]
    if comment.resolved is None:
        return said
    who = comment.resolved_by.get_username() if comment.resolved_by else "somebody who has left"
    led = f" (guidelines {comment.guideline.number})" if comment.guideline else ""
    return f"{said}; {who} answered{led}: {comment.resolution}"


def assignment_words(assignment: Assignment, *, ended: bool) -> str:
    """Say how an item came into a person's hands, or left them."""
    queue = assignment.item.queue.name
    if not ended:
        return f"was served an item of the queue {queue}"
    state = Assignment.State(assignment.state)
    return f"{ENDS.get(state, 'left')} an item of the queue {queue}"


VERBS = {
    Kind.STEP_LABEL: "rated",
    Kind.SPAN_LABEL: "rated a span",
    Kind.ALTERNATIVE: "wrote an alternative",
    Kind.OUTCOME: "set the outcome {name} to",
    Kind.RANKING: "ranked {items} {by}",
    Kind.SUBMISSION: "submitted:",
    Kind.ADJUDICATION: "decided{of}",
    Kind.RESOLUTION: "said of a contradiction:",
}


def _where(event: JudgementEvent) -> dict[str, str]:
    payload = event.payload
    criterion = payload.get("criterion", "")
    return {
        "name": f"{payload.get('name', '')}",
        "items": NOUNS.get(payload.get("level", ""), "items"),
        "of": " on a span:" if payload.get("level") == "span" else "",
        "by": f"by {criterion}:" if criterion else "overall:",
    }


def _ranks_traces(event: JudgementEvent) -> bool:
    return bool(event.payload.get("level") == "trace")


def _first_words(text: str) -> str:
    line = " ".join(text.split())
    short = line if len(line) <= WORDS_SHOWN else f"{line[: WORDS_SHOWN - 1].rstrip()}…"
    return f"“{short}”" if short else "(empty step)"


def _said(event: JudgementEvent, state: Mapping[str, Any], names: Names) -> str:
    kind = Kind(event.kind)
    if kind == Kind.ADJUDICATION:
        state = state["decision"]
    if "tiers" in state:
        return _order(state, names.items[_ranks_traces(event)])
    if kind == Kind.ALTERNATIVE:
        return f"“{state['text'][:80]}”"
    if kind == Kind.OUTCOME:
        return "unknown" if state["value"] is None else f"{state['value']:g}"
    if kind == Kind.SUBMISSION:
        return Submission.Reason(state["reason"]).label.lower()
    if kind == Kind.RESOLUTION:
        return Resolution.Kept(state["kept"]).label.lower()
    rating = "unsure" if state.get("unsure") else RATINGS[state.get("rating")]
    key = state.get("error_type", "")
    parts = [rating, error_type_label(key, names.types) if key else ""]
    parts += ["repairs an earlier error"] if state.get("realises_error") else []
    return ", ".join(part for part in parts if part)


def _order(state: Mapping[str, Any], items: Mapping[int, str]) -> str:
    """Return tiers in words: what stands there has no letter here."""

    def tied(tier: Iterable[int], sign: str = " = ") -> str:
        return sign.join(items.get(item, "(deleted)") for item in tier)

    ranked = " > ".join(tied(tier) for tier in state["tiers"])
    aside = f" | {tied(state['aside'], ', ')}" if state.get("aside") else ""
    return f"{ranked}{aside}"
