"""Answers of judges as verdicts: what is said is read, what is not said is not guessed."""

from __future__ import annotations

import pytest

from scoring.errors import JudgeAnswerError
from scoring.judge.parse import verdicts

GOOD = (
    '{"steps": [{"step": 1, "reason": "a", "verdict": "right"}, {"step": 2, "verdict": "wrong"}]}'
)


@pytest.mark.parametrize(
    "answer",
    [
        GOOD,
        f"Here it is:\n```json\n{GOOD}\n```\nDone.",
        f'<think>maybe {{"steps": [{{"step": 1, "verdict": "wrong"}}]}}</think>{GOOD}',
        f"{{not json}} {GOOD}",
        GOOD.replace("right", " Right "),
    ],
)
def test_verdicts_are_found_in_what_surrounds_them(answer):
    found = verdicts(answer, 1, 2)
    assert {n: v.value for n, v in found.items()} == {1: 1.0, 2: 0.0}
    assert found[2].reason == ""


def test_verdicts_on_steps_that_were_context_are_left_out():
    assert list(verdicts(GOOD, 2, 2)) == [2]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("All steps look right.", "no JSON object with steps"),
        ('{"steps": "right"}', "no JSON object with steps"),
        (GOOD.replace('"step": 2', '"step": 1'), "step 1 is judged twice"),
        ('{"steps": [{"step": 1, "verdict": "right"}]}', "step 2 has no verdict"),
        (GOOD.replace('"wrong"', '"bad"'), "verdict 'bad' of step 2 is none of right, wrong"),
        (GOOD.replace('"step": 2', '"step": true'), "'True' is no step number"),
        ('{"steps": [1]}', "an entry of steps is no object"),
        ("[" * 100_000, "no JSON object with steps"),
        ('{"a":' * 100_000, "no JSON object with steps"),
    ],
)
def test_what_cannot_be_read_is_said(answer, why):
    with pytest.raises(JudgeAnswerError, match=why):
        verdicts(answer, 1, 2)
