"""Numbers at the end of what a float holds, written past all checks: unknown, and no page fails for them."""

from __future__ import annotations

import re

import pytest

from scoring.credit.registry import METHODS
from tests.annotator.reading.test_not_finite import execute

pytestmark = pytest.mark.django_db
NO_NUMBER = re.compile(r'[="\s,](nan|-?inf)\b', re.IGNORECASE)


@pytest.mark.parametrize("kind", ["tree", "path", "compare"])
def test_figures_of_numbers_too_large_to_be_added_are_drawn_or_say_why(
    game, models, reviewer, kind
):
    problem, steps = game
    sign = "CASE WHEN id %% 2 = 0 THEN 1e308 ELSE -1e308 END"
    execute(f"UPDATE annotator_outcome SET value = {sign}")
    execute(f"UPDATE annotator_stepscore SET score = {sign}")
    execute(f"UPDATE annotator_step SET value = {sign}")
    here = f"/p/{problem.project.name}/problems/{problem.pk}/figures/{kind}"
    sides = f"a=s{steps[4].pk}&b=s{steps[5].pk}"
    for by in METHODS:
        for end in (".svg", ".csv", "/"):
            answer = reviewer.get(f"{here}{end}?{sides}&by={by}")
            text = answer.content.decode()
            assert answer.status_code in (200, 422), (by, end, text[:300])
            assert end != ".svg" or not NO_NUMBER.search(text), (by, NO_NUMBER.search(text))
