"""Curves of a training run: the ones that say how good it is come first."""

from __future__ import annotations

import re

import pytest
from django.template.loader import render_to_string

from annotator.views.pages.charts import charts, number


def test_quality_comes_before_losses_and_the_rest_by_name():
    points = [(1, 0.5), (2, 0.6)]
    names = ("gradient_norm", "loss", "weights", "lm_loss", "auroc")
    drawn = charts(dict.fromkeys(names, points))
    assert [chart.name for chart in drawn] == [
        "AUROC",
        "loss",
        "language-model loss",
        "gradient norm",
        "weights",
    ]


def test_a_first_value_alone_is_drawn_as_a_dot():
    (only,) = charts({"loss": [(1, 5.9)]})
    assert only.last_text == "5.900"
    assert only.last_step == 1
    drawn = render_to_string("annotator/_charts.html", {"charts": [only]})
    below = re.findall(rf'<text[^>]* y="{only.height}"[^>]*>(.*?)</text>', drawn)
    assert below == ["step 1"], "one place below the axis, one text"


@pytest.mark.parametrize(
    ("value", "ends"),
    [(1.0, ("1.000", "0.500")), (0.0, ("0.500", "0.0000")), (0.4, ("0.600", "0.200"))],
)
def test_the_axis_of_a_share_ends_where_shares_do(value, ends):
    (drawn,) = charts({"auroc": [(1, value), (2, value)]})
    assert (drawn.y[0].label, drawn.y[-1].label) == ends
    (free,) = charts({"loss": [(1, 1.0)]})
    assert free.y[0].label == "1.500"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.00002, "2.0e−05"),
        (0.5, "0.500"),
        (123456.0, "123,456"),
        (1.2e7, "1.2e+07"),
        (-3.0, "−3.000"),
    ],
)
def test_numbers_are_written_as_people_do_until_they_are_too_long(value, shown):
    assert number(value) == shown
