"""Which method is shown where none is asked for."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from annotator.queries.attribution.usable import RUNNING, default_method
from scoring.attribution.registry import METHODS

OTHERS = [key for key in METHODS if key != RUNNING]


def shown(*there, passed=(), failed=(), free=True):
    cards = {key: SimpleNamespace(passed=True) for key in passed}
    cards |= {key: SimpleNamespace(passed=False) for key in failed}
    return default_method(
        stored=[SimpleNamespace(method=key) for key in there], cards=cards, free=free
    )


@pytest.mark.parametrize("key", OTHERS)
def test_a_method_that_passed_comes_before_one_that_failed(key):
    assert shown(key, passed=[key], failed=[RUNNING]) == key
    assert shown(key, passed=[key]) == key
    assert shown(key, passed=[key], free=False) == key


@pytest.mark.parametrize("key", OTHERS)
def test_a_method_that_failed_is_never_shown_first(key):
    assert shown(key, failed=[key]) == RUNNING
    others = [one for one in OTHERS if one != key]
    assert shown(key, others[0], failed=[key, RUNNING]) == others[0]


def test_of_several_that_passed_the_preferred_is_shown():
    assert shown(*METHODS, passed=METHODS) == "integrated_gradients"
    assert shown(*OTHERS, passed=METHODS, failed=["integrated_gradients"]) == "closed_prefix"
    few = ("objective_split", "leave_one_step_out")
    assert shown(*few, passed=few) == "leave_one_step_out"
    assert shown(*few, passed=[*few, RUNNING]) == RUNNING


def test_nothing_is_shown_first_that_is_not_there():
    assert shown(passed=OTHERS) == RUNNING
    assert shown(passed=OTHERS, failed=[RUNNING]) == RUNNING
    assert shown("a method of long ago", "signal:fai", failed=[RUNNING], free=False) == RUNNING
