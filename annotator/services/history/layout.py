"""How a judgement is written down: the layout of event payloads and the rows of import events.

An event's ``payload`` is its target's key plus the whole new state, or the key plus
``"cleared": true``; ``before`` is the state it replaced (null = there was none). By kind:

* ``step_label``: no key; ``rating unsure error_type realises_error note milliseconds guideline
  shown_score``. ``error_type`` is the taxonomy's key, ``guideline`` the version's number.
* ``span_label``: key ``first last`` (step ids); ``rating error_type note milliseconds guideline``.
* ``alternative``: key ``parent replaces`` (step ids, null = the problem, none); ``text meta``.
* ``outcome``: key ``name``; ``value source``.
* ``ranking``: key ``level parent criterion`` (``parent`` a step id, null = the problem); ``tiers
  aside failed shown scores note milliseconds guideline shown_score meta`` with ids of steps or,
  for the level ``trace``, of traces.
* ``adjudication``: key ``step level parent criterion first last`` (``level`` "" = the rating of
  ``step``, ``span`` = of the run ``first`` … ``last``, else a ranking's; what is not used is null or
  ""); ``decision blind reason``.
* ``resolution``: key ``contradiction`` (see ``Resolution``); ``kept reason``.
* ``submission``: no key (the trace is the event's, null = the whole problem); ``reason note
  milliseconds guideline``.

A label that was copied from an earlier step says so in its ``meta``: ``{"copied_from": step id}``.

An ``import`` event carries everything one source record says, as the rows made by ``label_row``,
``span_row``, ``alternative_row``, ``outcome_row`` and, for the kinds above, ``import_row``: ids of steps, traces and raters are the
database's, values equal to their defaults are left out. The record itself is the event's
``source``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from annotator.errors import InvalidError
from scoring.types import RATINGS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

State = dict[str, Any]
Row = dict[str, Any]

LABEL_DEFAULTS: State = {
    "rating": None,
    "unsure": False,
    "error_type": "",
    "realises_error": False,
    "note": "",
    "milliseconds": None,
    "guideline": None,
    "shown_score": None,
    "meta": None,
}
SPAN_DEFAULTS: State = {
    "rating": None,
    "error_type": "",
    "note": "",
    "milliseconds": None,
    "guideline": None,
}
ALTERNATIVE_DEFAULTS: State = {"text": "", "meta": None}
OUTCOME_DEFAULTS: State = {"value": None, "source": ""}
SUBMISSION_DEFAULTS: State = {"reason": "", "note": "", "milliseconds": None, "guideline": None}
RANKING_DEFAULTS: State = {
    "tiers": [],
    "aside": [],
    "failed": [],
    "shown": [],
    "scores": None,
    "note": "",
    "milliseconds": None,
    "guideline": None,
    "shown_score": None,
    "meta": None,
}
ADJUDICATION_DEFAULTS: State = {"decision": {}, "blind": None, "reason": ""}
RESOLUTION_DEFAULTS: State = {"kept": "", "reason": ""}
NOTE_LIMIT = 10_000


@dataclass(frozen=True, slots=True)
class Target:
    """What one event is about: a row of a projection, whether it exists or not.

    ``key`` holds the part of the row's identity that is in the payload (see above).
    """

    kind: str
    project_id: int
    problem_id: int
    rater_id: int | None = None
    step_id: int | None = None
    trace_id: int | None = None
    key: State = field(default_factory=dict)

    def payload(self, state: State | None) -> State:
        """Return what an event that brings the target to ``state`` carries."""
        return {**self.key, **(state if state is not None else {"cleared": True})}


def import_payload(
    *,
    labels: Sequence[Row] = (),
    spans: Sequence[Row] = (),
    alternatives: Sequence[Row] = (),
    outcomes: Sequence[Row] = (),
    rankings: Sequence[Row] = (),
    submissions: Sequence[Row] = (),
    adjudications: Sequence[Row] = (),
) -> Row:
    """Return the payload of an ``import`` event; empty lists are left out."""
    lists = {
        "labels": labels,
        "spans": spans,
        "alternatives": alternatives,
        "outcomes": outcomes,
        "rankings": rankings,
        "submissions": submissions,
        "adjudications": adjudications,
    }
    return {name: list(rows) for name, rows in lists.items() if rows}


def label_row(
    *,
    step: int,
    rater: int,
    rating: int | None,
    unsure: bool = False,
    error_type: str = "",
    realises_error: bool = False,
    note: str = "",
    milliseconds: int | None = None,
    meta: Mapping[str, Any] | None = None,
) -> Row:
    """Return one imported step label."""
    state = {
        "rating": rating,
        "unsure": unsure,
        "error_type": error_type,
        "realises_error": realises_error,
        "note": note,
        "milliseconds": milliseconds,
        "meta": meta or None,
    }
    return {"step": step, "rater": rater, **_without_defaults(state, LABEL_DEFAULTS)}


def span_row(
    *,
    first: int,
    last: int,
    rater: int,
    rating: int | None,
    error_type: str = "",
    note: str = "",
    milliseconds: int | None = None,
) -> Row:
    """Return one imported judgement of the steps ``first`` … ``last``."""
    state = {
        "rating": rating,
        "error_type": error_type,
        "note": note,
        "milliseconds": milliseconds,
    }
    return {
        "first": first,
        "last": last,
        "rater": rater,
        **_without_defaults(state, SPAN_DEFAULTS),
    }


def alternative_row(
    *,
    parent: int | None,
    replaces: int | None,
    rater: int,
    text: str,
    meta: Mapping[str, Any] | None = None,
) -> Row:
    """Return one imported replacement for the step after ``parent`` (None = the problem)."""
    state = {"text": text, "meta": meta or None}
    return {
        "parent": parent,
        "replaces": replaces,
        "rater": rater,
        **_without_defaults(state, ALTERNATIVE_DEFAULTS),
    }


def outcome_row(*, trace: int, name: str, value: float | None, source: str = "") -> Row:
    """Return one imported outcome of a trace."""
    state = {"value": value, "source": source}
    return {"trace": trace, "name": name, **_without_defaults(state, OUTCOME_DEFAULTS)}


def import_row(key: Row, state: State, defaults: State) -> Row:
    """Return one imported ranking, submission or adjudication: its key (with the rater) and state."""
    return {**key, **_without_defaults(state, defaults)}


def rating_checked(rating: object) -> int | None:
    """Return ``rating`` if the scheme knows it.

    Raises:
        InvalidError: for anything but -1, 0, +1 or None; booleans are not ratings.
    """
    if rating is None:
        return None
    if isinstance(rating, bool) or not isinstance(rating, int) or rating not in RATINGS:
        message = f"A rating is -1, 0, 1 or empty (seen, not rated), not {rating!r}."
        raise InvalidError(message, fields={"rating": message})
    return rating


def text_checked(text: str, field: str, *, limit: int = NOTE_LIMIT) -> str:
    """Return ``text`` if PostgreSQL can store it and it is not longer than ``limit`` characters.

    Raises:
        InvalidError: naming ``field``.
    """
    message = ""
    if len(text) > limit:
        message = f"The {field} has {len(text):,} characters; at most {limit:,} are kept."
    elif "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
        message = f"The {field} holds a character that is not text (NUL or half a surrogate pair)."
    if message:
        raise InvalidError(message, fields={field: message})
    return text


def note_checked(note: str) -> str:
    """Return a judgement's note as it is stored: without the blanks and empty lines at its end.

    Raises:
        InvalidError: as ``text_checked`` does.
    """
    return text_checked(note.rstrip(), "note")


def milliseconds_checked(milliseconds: int | None) -> int | None:
    """Return the time spent if it is a time: not negative, at most one day.

    Raises:
        InvalidError: otherwise.
    """
    if milliseconds is not None and not 0 <= milliseconds <= 86_400_000:
        message = f"Time spent is 0 to 86,400,000 milliseconds (a day), not {milliseconds}."
        raise InvalidError(message, fields={"milliseconds": message})
    return milliseconds


def _without_defaults(state: State, defaults: State) -> State:
    return {name: value for name, value in state.items() if value != defaults[name]}
