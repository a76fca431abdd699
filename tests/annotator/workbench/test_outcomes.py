"""Correcting an outcome changes the numbers that follow from it."""

from __future__ import annotations

import re
import uuid

import pytest

from annotator.models import Outcome
from tests.annotator.workbench.data import HTMX, address

pytestmark = pytest.mark.django_db


def test_one_corrected_outcome_changes_every_group_relative_method(game, reviewer):
    problem, steps, _ = game
    methods = ("leaf_value", "grpo", "dr_grpo", "rloo", "tempo")

    def values():
        return {
            key: reviewer.get(address(problem, f"credit.json?by={key}")).json()["values"]
            for key in methods
        }

    before = values()
    trace = problem.traces.get(end=steps[1])
    answer = reviewer.post(
        address(problem, f"traces/{trace.pk}/outcome/"),
        {"name": "correct", "value": "1", "key": str(uuid.uuid4())},
        headers=HTMX,
    )
    assert answer["HX-Trigger"] == "outcomes-changed"
    after = values()
    assert all(before[key] != after[key] for key in methods)
    page = reviewer.get(address(problem, f"?step={steps[1].pk}&by=leaf_value")).content.decode()
    assert re.search(r'class="chip heat heat-pos-4">1\.00<', page)
    assert Outcome.objects.get(trace=trace).source == "person:reviewer"


def test_a_corrected_outcome_is_counted_in_the_line_above_the_panes(game, reviewer):
    problem, steps, _ = game
    trace = problem.traces.get(end=steps[1])
    here = address(problem, f"?step={steps[1].pk}")

    def counted(page):
        return re.search(r'id="facts"[^>]*>[^<]*· (\d+) of \d+ correct<', page.content.decode())[1]

    before = int(counted(reviewer.get(here)))
    reviewer.post(
        address(problem, f"traces/{trace.pk}/outcome/"), {"name": "correct", "value": "1"}
    )
    parts = reviewer.get(here, headers=HTMX)
    assert int(counted(parts)) == int(counted(reviewer.get(here))) == before + 1
    assert 'hx-swap-oob="true"' in re.search(r'id="facts"[^>]*>', parts.content.decode())[0]


def test_an_emptied_outcome_is_unknown_not_zero(game, reviewer):
    problem, steps, _ = game
    trace = problem.traces.get(end=steps[4])
    reviewer.post(address(problem, f"traces/{trace.pk}/outcome/"), {"name": "correct", "value": ""})
    assert Outcome.objects.get(trace=trace).value is None
