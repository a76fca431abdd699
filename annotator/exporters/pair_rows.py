"""Pairs as rows: prompt, chosen and rejected in three forms, and what stands behind each pair."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from annotator.exporters.comparisons import (
    Pair,
    Pairs,
    prompt_text,
    sampled,
    shared,
    steps_text,
)
from annotator.exporters.ranked import rater_words
from annotator.exporters.records import path_to
from scoring.training.targets import deciding_labels

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from annotator.exporters.records import ExportProblem
    from annotator.exporters.writer import Sink

Row = dict[str, Any]


def pair_rows(problem: ExportProblem, sink: Sink, options: dict[str, Any]) -> Iterator[Row]:
    """Yield a row per pair of one problem; what gives no row is counted.

    Two levels, or a rating and an outcome, may compare the same two ends, and then their rows have
    the same texts: the one that comes first in ``Pairs`` stands, whichever way the other goes.

    Options ``level``, ``outcome``, ``max_per_problem``, ``separator``, ``form``, ``margin`` and
    ``details``.
    """
    pairs = Pairs(problem, options["outcome"], options["level"])
    for reason, count in pairs.excluded.items():
        sink.exclude(reason, count)
    reasons = Reasons(problem, options["outcome"])
    ranked: dict[frozenset[int], int] = {}
    for pair in sampled(problem, pairs, options, sink, "pair"):
        earlier = _earlier(problem, pairs, pair, ranked)
        if earlier is not None:
            same = earlier == pair.better.node
            sink.exclude(f"pair that an earlier judgement {'gives too' if same else 'turns round'}")
            continue
        better = path_to(problem.nodes, pair.better.node)
        worse = path_to(problem.nodes, pair.worse.node)
        common = shared(better, worse)
        if common in (len(better), len(worse)) and better != worse:
            sink.exclude("one trace is the beginning of the other")
            continue
        texts = _texts(problem, (better, worse), common, options)
        if texts["chosen"] == texts["rejected"]:
            sink.exclude("pair of equal texts")
            continue
        if _is_empty(problem, better[common:]) or _is_empty(problem, worse[common:]):
            sink.exclude("pair with an empty text")
            continue
        row = dict(texts)
        if options["margin"] == "yes":
            row["margin"] = pair.better.value - pair.worse.value
        if options["details"] == "yes":
            row |= reasons.of(pair)
            row |= {"lca_depth": common, "problem_id": problem.id}
        sink.count_level(pair.level)
        yield row


def _earlier(
    problem: ExportProblem, pairs: Pairs, pair: Pair, ranked: dict[frozenset[int], int]
) -> int | None:
    """Return the better end by a judgement that comes before this pair's, None without one.

    ``ranked`` keeps the better end of what rankings compared; there are few of them. Siblings that
    end traces are compared by their targets as well, which are looked up and not kept.
    """
    ends = frozenset((pair.better.node, pair.worse.node))
    if len(ends) < 2 or ends in ranked:
        return ranked.get(ends)
    if pair.decided is not None:
        ranked[ends] = pair.better.node
    elif pair.level == "trace" and pairs.rates(*ends):
        return max(ends, key=lambda node: problem.target(node) or 0.0)
    return None


def _is_empty(problem: ExportProblem, path: Sequence[int]) -> bool:
    return not any(problem.nodes[at].text.strip() for at in path)


def _texts(
    problem: ExportProblem,
    paths: tuple[Sequence[int], Sequence[int]],
    common: int,
    options: dict[str, Any],
) -> Row:
    """Return ``prompt``, ``chosen`` and ``rejected`` in the form that was asked for.

    A conversation has the problem as the user's turn and all steps as the assistant's: steps that
    both share were said by the assistant too.
    """
    between = options["separator"]
    if options["form"] == "conversational":
        chosen, rejected = (messages("assistant", steps_text(problem, p, between)) for p in paths)
        prompt: Any = messages("user", problem.problem.prompt)
        return {"prompt": prompt, "chosen": chosen, "rejected": rejected}
    start = prompt_text(problem, paths[0][:common], between)
    chosen_text, rejected_text = (steps_text(problem, p[common:], between) for p in paths)
    if options["form"] == "implicit":
        return {"chosen": start + chosen_text, "rejected": start + rejected_text}
    return {"prompt": start, "chosen": chosen_text, "rejected": rejected_text}


def messages(role: str, content: str) -> list[dict[str, str]]:
    """Return a conversation of one turn."""
    return [{"role": role, "content": content}]


class Reasons:
    """Says of each pair of a problem what decided it and who."""

    def __init__(self, problem: ExportProblem, outcome: str) -> None:
        self._problem = problem
        self._outcome = outcome
        self._voters: dict[int, list[str]] | None = None

    def of(self, pair: Pair) -> Row:
        """Return ``level``, ``decided_by``, ``criterion``, ``margin_unit`` and ``raters``."""
        if pair.decided is not None:
            by = "adjudication" if pair.decided.final else "ranking"
            criterion = pair.decided.criterion or "overall"
            unit, raters = pair.decided.unit, sorted(pair.decided.raters)
        elif pair.level == "trace":
            by, criterion, unit, raters = "outcome", self._outcome, "outcome", self._sources(pair)
        else:
            by, criterion, unit, raters = "rating", "rating", "target", self._raters(pair)
        return {
            "level": pair.level,
            "decided_by": by,
            "criterion": criterion,
            "margin_unit": unit,
            "raters": raters,
        }

    def _sources(self, pair: Pair) -> list[str]:
        """Return where the outcomes of two traces come from."""
        found = {
            outcome.source
            for item in (pair.better.item, pair.worse.item)
            for outcome in self._problem.traces[item].outcomes
            if outcome.name == self._outcome and outcome.source
        }
        return sorted(found)

    def _raters(self, pair: Pair) -> list[str]:
        """Return who voted on the targets of two steps."""
        if self._voters is None:
            deciding = deciding_labels(self._problem.labels, self._problem.rules)
            self._voters = {
                at: sorted({rater_words(label.rater) for label in labels})
                for at, labels in deciding.items()
            }
        better, worse = (self._voters.get(x.node, []) for x in (pair.better, pair.worse))
        return better if better == worse else sorted({*better, *worse})
