"""Numbers too large to be added and squared are refused where they enter, with the size that is taken."""

from __future__ import annotations

import pytest

from annotator.errors import InvalidError
from annotator.importers.fields import FieldError, finite
from annotator.numbers import LARGEST, countable, flaw
from annotator.services.imports.texts import RecordRefusedError, check_number
from annotator.services.models.scores import _finite


@pytest.mark.parametrize("value", [0, -1.5, LARGEST, -LARGEST, True])
def test_ordinary_numbers_are_taken(value):
    assert countable(value)
    check_number(value, "outcome")


@pytest.mark.parametrize("value", [1e101, -1e308, 10**101])
def test_what_is_too_large_is_refused_with_the_limit(value):
    assert not countable(value)
    for refused, error in (
        (lambda: check_number(value, "outcome"), RecordRefusedError),
        (lambda: finite(value, "value"), FieldError),
        (lambda: list(_finite([(1, value)], {}, 0)), InvalidError),
    ):
        with pytest.raises(error, match=r"1e\+100"):
            refused()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_finite_number_is_called_so(value):
    assert not countable(value)
    assert flaw(value) == "not a finite number"
