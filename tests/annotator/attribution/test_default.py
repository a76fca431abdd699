"""Which method is shown where none is asked for."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from annotator.queries.attribution.stored import digest_of
from annotator.queries.attribution.usable import RUNNING, default_method
from scoring.attribution.registry import METHODS, parameters

OTHERS = [key for key in METHODS if key != RUNNING]
IG = "integrated_gradients"


def row(key, **params):
    """Return a stored result as far as the choice reads it."""
    if key not in METHODS:
        return SimpleNamespace(method=key, digest="")
    used, version = parameters(METHODS[key], params), METHODS[key].version
    digest = digest_of(method=key, version=version, params=used)
    return SimpleNamespace(method=key, digest=digest)


def card(key, *, passed):
    """Return a card with the settings that a method has by default."""
    facts = {"params": parameters(METHODS[key], {})}
    return SimpleNamespace(method=key, version=METHODS[key].version, passed=passed, facts=facts)


def shown(*there, passed=(), failed=(), free=True):
    cards = {key: card(key, passed=True) for key in passed}
    cards |= {key: card(key, passed=False) for key in failed}
    rows = [row(one) if isinstance(one, str) else one for one in there]
    return default_method(stored=rows, cards=cards, free=free)


@pytest.mark.parametrize("key", OTHERS)
def test_a_method_that_passed_comes_before_one_that_failed(key):
    assert shown(key, passed=[key], failed=[RUNNING]) == key
    assert shown(key, passed=[key]) == key
    assert shown(key, passed=[key], free=False) == key


@pytest.mark.parametrize("key", OTHERS)
def test_a_method_that_failed_is_never_shown_first(key):
    assert shown(key, failed=[key]) == RUNNING
    assert shown(key, failed=[key, RUNNING]) == ""
    assert shown(key, failed=[key], free=False) == ""
    others = [one for one in OTHERS if one != key]
    assert shown(key, others[0], failed=[key, RUNNING]) == others[0]


def test_of_several_that_passed_the_preferred_is_shown():
    assert shown(*METHODS, passed=METHODS) == IG
    assert shown(*OTHERS, passed=METHODS, failed=[IG]) == "closed_prefix"
    few = ("objective_split", "leave_one_step_out")
    assert shown(*few, passed=few) == "leave_one_step_out"
    assert shown(*few, RUNNING, passed=[*few, RUNNING]) == RUNNING


def test_a_method_passed_with_the_settings_of_its_card_only():
    other = row(IG, baseline="pad_row")
    assert shown(other, passed=[IG]) == RUNNING
    assert shown(other, row(IG), passed=[IG]) == IG
    # What failed is not shown first with other settings either: nobody tried it with them.
    assert shown(other, failed=[IG, RUNNING]) == ""


def test_the_score_that_scoring_left_was_not_tried():
    """Cards are made on the raw reward: a stored result of that can pass, what is free cannot."""
    few = ("leave_one_step_out",)
    assert shown(*few, passed=[*few, RUNNING]) == few[0]
    assert shown(row(RUNNING, output="score"), *few, passed=[*few, RUNNING]) == few[0]
    assert shown(passed=[RUNNING]) == RUNNING


def test_nothing_is_shown_first_that_is_not_there():
    assert shown(passed=OTHERS) == RUNNING
    assert shown(passed=OTHERS, failed=[RUNNING]) == ""
    assert shown("a method of long ago", "signal:fai", failed=[RUNNING], free=False) == RUNNING
