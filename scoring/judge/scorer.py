"""A judge as what ``scoring.reward.load`` gives for any kind. Torch-free."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring.errors import JudgeEndpointError
from scoring.judge.judge import Judge
from scoring.judge.prompt import judge_facts
from scoring.judge.trees import LEFT_OUT, questions_of
from scoring.reward.manifest import config_of
from scoring.reward.registry import added_kind
from scoring.reward.scores import TreeScores

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from scoring.judge.config import JudgeConfig
    from scoring.reward.manifest import Manifest
    from scoring.reward.scorer import Item


def open_judge(folder: Path, manifest: Manifest, device: str) -> JudgeScorer:
    """Open the artefact of a judge; it computes nothing here, so any device will do."""
    return JudgeScorer(config_of(added_kind(manifest["kind"]), manifest))


class JudgeScorer:
    """Judges whole trees, one after another; jobs ask about many at once and keep the answers.

    Attributes:
        key: for the server; whoever needs one sets it, no artefact holds it.
    """

    def __init__(self, config: JudgeConfig, key: str = "") -> None:
        self.config = config
        self.key = key

    @property
    def facts(self) -> Mapping[str, str | int]:
        """See ``judge_facts``."""
        return judge_facts(self.config)

    def score_many(self, items: Iterable[Item]) -> Iterator[TreeScores]:
        """Judge trees; a step that the server does not judge is skipped with the reason.

        Raises:
            JudgeEndpointError: no further question would fare better.
        """
        judge = Judge(self.config, key=self.key)
        for prompt, tree, reference in items:
            step = np.full(len(tree), np.nan, dtype=np.float32)
            skipped: dict[int, str] = {}
            asked = questions_of(self.config, prompt, tree, reference=reference)
            for question, found in filter(None, judge.stream(asked)):
                if isinstance(found, JudgeEndpointError):
                    skipped |= dict.fromkeys(question.places, found.reason)
                elif not found.steps:
                    skipped |= dict.fromkeys(question.places, LEFT_OUT)
                else:
                    step[list(question.places)] = [verdict.score for verdict in found.steps]
            yield TreeScores(step, {}, float("nan"), skipped, "probability")
