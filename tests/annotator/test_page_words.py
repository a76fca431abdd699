"""Numbers as the pages write them."""

from __future__ import annotations

import pytest

from annotator.templatetags.pages import duration, percent, thousands
from annotator.templatetags.quality import seconds_estimate, share_estimate
from scoring.resample import Estimate


@pytest.mark.parametrize(("share", "said"), [(0.3, "30 %"), (0.125, "12.5 %"), (1.0, "100 %")])
def test_a_share_is_in_percent_with_a_decimal_only_where_there_is_one(share, said):
    assert percent(share) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(None, ""), (42, "42 s"), (60, "1 min"), (185, "3 min 5 s"), (7800, "2 h 10 min")],
)
def test_a_duration_names_no_empty_seconds(seconds, said):
    assert duration(seconds) == said


def test_thousands_are_separated_and_words_left_alone():
    assert (thousands(10703), thousands("all")) == ("10,703", "all")


def test_an_estimate_stands_above_its_interval_and_a_missing_one_says_why():
    known = Estimate(value=0.8, low=0.49, high=0.94, n=10, method="Wilson")
    assert share_estimate(known) == '80 % <span class="sub" title="Wilson">49 to 94, n 10</span>'
    unknown = Estimate(value=None, undefined="undefined because nothing is rated")
    assert share_estimate(unknown) == '<span class="muted small">– nothing is rated</span>'


def test_what_rounds_to_zero_has_no_sign():
    assert seconds_estimate(Estimate(value=-20.0, n=58)) == '0.0 s <span class="sub">n 58</span>'
