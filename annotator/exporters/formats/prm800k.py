"""PRM800K lines: rebuilt from the rows of imported records, or made from other traces.

A record that came from PRM800K is put together from its skeleton; the newest rating of a person for
a step takes the place of the imported one and changes nothing else. Other traces give one line each,
with the siblings of every step as further candidates and the ratings that the snapshot's rules give.
As in PRM800K such a line ends at the first step that is wrong; what the trace says after it stands
only in ``pre_generated_steps``. ``finish_reason`` claims no more than the ratings do:

    found_error  the path has a −1
    solution     every step is rated, none −1, and the outcome is not known to be wrong
    null         anything else, for instance a path that is rated in part: nobody gave up on it
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from annotator.exporters.fragments import fragment, fragments
from annotator.exporters.records import (
    ExportProblem,
    SourceSlice,
    children_of,
    flat_sources,
    judged_once,
    path_to,
)
from annotator.exporters.writer import JsonLines, Sink
from scoring.training.targets import Rules, deciding_labels
from scoring.types import (
    RATER_KINDS,
    ROOT,
    SOLVED_ABOVE,
    AlternativeRecord,
    LabelRecord,
    RaterRecord,
    TraceRecord,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from orjson import Fragment

FILE = "prm800k.jsonl"
FORMAT = "prm800k"
HUMAN = ("person", "imported")
# The snapshot has already left out the kinds that do not count.
EVERY_KIND = Rules(rater_kinds=RATER_KINDS)


def write(problems: Iterator[ExportProblem], sink: Sink, options: dict[str, Any]) -> None:
    """Write one line per labelled solution."""
    with JsonLines(sink) as lines:
        lines.file(FILE)
        for problem in problems:
            rebuilt = [source for source in flat_sources(problem) if source.format == FORMAT]
            for source in rebuilt:
                lines.write(FILE, _Rebuilder(problem, source).line())
            known = {trace for source in rebuilt for trace in source.traces}
            others = [at for at in range(len(problem.traces)) if at not in known]
            if others:
                maker = _Maker(problem, sink, options["max_siblings"], options["outcome"])
                for at in others:
                    line = maker.line(at)
                    if line is not None:
                        lines.write(FILE, line)


def _person_ratings(problem: ExportProblem) -> dict[int, int]:
    """Return the newest rating of a person per node; "unsure" is no rating."""
    return {
        label.node: label.rating
        for label in problem.labels
        if label.rater.kind == "person" and label.rating is not None and not label.unsure
    }


class _Rebuilder:
    """Puts one imported line together again."""

    def __init__(self, problem: ExportProblem, source: SourceSlice) -> None:
        self._problem = problem
        self._meta = source.meta
        self._nodes = source.nodes
        self._next_node = iter(source.nodes)
        self._alternatives = iter(problem.alternatives[i] for i in source.alternatives)
        self._labels = {problem.labels[i].node: problem.labels[i] for i in source.labels}
        self._persons = _person_ratings(problem)
        known = set(source.alternatives)
        self._added = {
            item.parent: item
            for at, item in enumerate(problem.alternatives)
            if at not in known and item.rater.kind == "person"
        }

    def line(self) -> dict[str, Any]:
        """Return the line, JSON-equal to the imported one where nobody judged since."""
        steps = [self._step(bones) for bones in self._meta["steps"]]
        return {
            **self._meta["record"],
            "question": self._question(),
            "label": {**self._meta["label"], "steps": steps},
        }

    def _question(self) -> dict[str, Any]:
        question = {"problem": self._problem.problem.prompt, **self._meta["question"]}
        if question.get("ground_truth_answer") is True:
            question["ground_truth_answer"] = self._problem.problem.reference
        if "pre_generated_end" in self._meta:
            end = self._meta["pre_generated_end"]
            path = [] if end == ROOT else path_to(self._problem.nodes, self._nodes[end])
            question["pre_generated_steps"] = [self._problem.nodes[at].text for at in path]
        return question

    def _step(self, bones: dict[str, Any]) -> dict[str, Any]:
        step = dict(bones.get("extra", {}))
        parent = None
        if "completions" in bones:
            count = bones["completions"]
            places = [next(self._next_node) for _ in range(count or 0)]
            step["completions"] = None if count is None else [self._completion(at) for at in places]
            parent = self._problem.nodes[places[0]].parent if places else None
        if "human" in bones:
            step["human_completion"] = self._human(bones, parent)
        if "chosen" in bones:
            step["chosen_completion"] = bones["chosen"]
        return step

    def _completion(self, at: int) -> dict[str, Any]:
        node = self._problem.nodes[at]
        return {"text": node.text, **node.meta, **self._judgement(at)}

    def _judgement(self, at: int) -> dict[str, Any]:
        label = self._labels.get(at)
        fields: dict[str, Any] = {} if label is None else {"rating": label.rating, **label.meta}
        if at in self._persons:
            fields["rating"] = self._persons[at]
        return fields

    def _human(self, bones: dict[str, Any], parent: int | None) -> object:
        if bones["human"] is None:
            added = self._added.pop(parent, None) if parent is not None else None
            return None if added is None else _human_completion(added)
        alternative = next(self._alternatives)
        on_path = bones.get("chosen") is None
        fields = {"text": alternative.text, **alternative.meta}
        if on_path:
            at = next(self._next_node)
            if bones["human"] == "object" or at in self._persons:
                fields.update(self._judgement(at))
        if bones["human"] == "text" and fields.keys() == {"text"}:
            return alternative.text
        return fields


def _human_completion(alternative: AlternativeRecord) -> dict[str, Any]:
    return {
        "text": alternative.text,
        "rating": None,
        "source": "human",
        "flagged": False,
        "corrected_rating": None,
    }


class _Maker:
    """Makes lines for traces of other sources; what several lines repeat is encoded once."""

    def __init__(self, problem: ExportProblem, sink: Sink, max_siblings: int, outcome: str) -> None:
        self._problem = problem
        self._sink = sink
        self._max = max_siblings
        self._outcome = outcome
        nodes = problem.nodes
        self._ratings = problem.ratings or [None] * len(nodes)
        self._children = children_of(nodes)
        # the format says "human" of these
        self._written = {
            item.parent: item for item in problem.alternatives if item.rater.kind in HUMAN
        }
        self._spent = _milliseconds(problem.labels)
        self._judges = _judges(problem.labels)
        self._prompt = fragment(problem.problem.prompt)
        self._reference = fragment(problem.problem.reference)
        self._texts = fragments(node.text for node in nodes)
        self._families: dict[int, Fragment] = {}
        self._steps: dict[int, dict[str, Any]] = {}

    def line(self, trace_at: int) -> dict[str, Any] | None:
        """Return the line of one trace, None if none of its steps is rated."""
        problem = self._problem
        trace = problem.traces[trace_at]
        path = path_to(problem.nodes, trace.end)
        ratings = [self._ratings[at] for at in path]
        if ratings.count(None) == len(ratings):
            self._sink.exclude("trace without a rated step")
            return None
        shown = path[: ratings.index(-1) + 1] if -1 in ratings else path
        return {
            "labeler": self._labeler(shown),
            "timestamp": None,
            "generation": None,
            "is_quality_control_question": False,
            "is_initial_screening_question": False,
            "question": {
                "problem": self._prompt,
                "ground_truth_answer": self._reference,
                "pre_generated_steps": [self._texts[at] for at in path],
            },
            "label": {
                "steps": [self._step(at) for at in shown],
                "total_time": sum(self._spent.get(at, 0) for at in shown),
                "finish_reason": self._finish(ratings, trace),
            },
        }

    def _finish(self, ratings: Sequence[int | None], trace: TraceRecord) -> str | None:
        if -1 in ratings:
            return "found_error"
        wrong = any(
            outcome.name == self._outcome
            and outcome.value is not None
            and outcome.value <= SOLVED_ABOVE
            for outcome in trace.outcomes
        )
        return None if wrong or None in ratings else "solution"

    def _labeler(self, path: Sequence[int]) -> str | None:
        """Name whose ratings stand on the path, in the order of the steps."""
        names = dict.fromkeys(name for at in path for name in self._judges.get(at, ()))
        return ", ".join(names) or None

    def _step(self, at: int) -> dict[str, Any]:
        parent = self._problem.nodes[at].parent
        family = self._children[parent]
        over = len(family) - 1 - self._max
        if over > 0:  # counted in every line, and too large to be kept for each of its steps
            self._sink.exclude("sibling over the limit", over)
            others = [other for other in family if other != at][: self._max]
            family = sorted([*others, at])
            return self._fields(at, family, self._candidates(family))
        step = self._steps.get(at)
        if step is None:
            if parent not in self._families:
                self._families[parent] = self._candidates(family)
            step = self._steps[at] = self._fields(at, family, self._families[parent])
        return step

    def _candidates(self, family: Sequence[int]) -> Fragment:
        return fragment(
            [
                {"text": self._texts[at], "rating": self._ratings[at], "flagged": None}
                for at in family
            ]
        )

    def _fields(self, at: int, family: Sequence[int], completions: Fragment) -> dict[str, Any]:
        written = self._written.get(self._problem.nodes[at].parent)
        return {
            "completions": completions,
            "human_completion": None if written is None else _human_completion(written),
            # Nothing was built on a wrong step; the line ends with it.
            "chosen_completion": None if self._ratings[at] == -1 else family.index(at),
        }


def _judges(labels: Sequence[LabelRecord]) -> dict[int, list[str]]:
    """Return per rated step the names of those whose ratings stand."""
    once, several = judged_once(labels)
    names = {
        at: [_name(label.rater)]
        for at, label in once.items()
        if label.rating is not None and not label.unsure
    }
    for at, deciding in deciding_labels(several, EVERY_KIND).items():
        names[at] = [_name(label.rater) for label in deciding]
    return names


def _name(rater: RaterRecord) -> str:
    """Return who judged; a program is recognisable as one."""
    if rater.kind in HUMAN or ":" in rater.name:
        return rater.name
    return f"{rater.kind}:{rater.name}"


def _milliseconds(labels: Sequence[LabelRecord]) -> dict[int, int]:
    spent: dict[int, int] = {}
    for label in labels:
        if label.milliseconds:
            spent[label.node] = spent.get(label.node, 0) + label.milliseconds
    return spent
