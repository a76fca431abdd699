"""What an export was made with is told in words, not in the form in which it is stored."""

from __future__ import annotations

import pytest

from annotator.exporters.registry import EXPORTERS
from annotator.models import Export
from annotator.services.datasets.exports import export_create
from annotator.views.pages.datasets.rule_words import filter_words, option_words, rule_words
from tests.annotator.page_world import world_create

RULES = {
    "aggregate": "majority",
    "neutral": "soft",
    "include_machine": False,
    "rater_kinds": ["person", "imported"],
    "rank": ["adjudicated", "person"],
    "criteria": [
        {"key": "right", "label": "Right", "help": "x", "margin": 0.5, "gate": True},
        {"key": "clear", "label": "Clear", "help": "", "margin": 0.0, "gate": False},
    ],
    "splits": {"train": 0.9, "test": 0.1},
    "max_score": 7,
}


def test_rules_are_told_in_words():
    assert rule_words(RULES) == [
        ("When raters differ", "Majority of raters, ties left out"),
        ("A neutral rating", "counts as 0.5"),
        ("Whose judgements", "people, labels that came with the data"),
        ("Whose come first", "final decisions before people"),
        ("Criteria, the most important first", "Right (margin 0.5, a gate); Clear"),
        ("Splits by problem", "train 90 %, test 10 %"),
    ]


def test_what_an_older_snapshot_does_not_know_is_left_out():
    assert rule_words({}) == []
    assert filter_words({}) == [("Problems", "all")]
    chosen = {"problems": [1, 2], "labelled": True}
    assert filter_words(chosen) == [("Problems", "2 chosen ones, only those with a label")]


@pytest.mark.parametrize("key", EXPORTERS)
def test_options_have_the_labels_of_the_form(key):
    row = EXPORTERS[key]
    words = option_words(key, row.checked_options())
    assert [name for name, _ in words] == [option.label for option in row.options]
    assert all("\n" not in value for _, value in words)
    assert option_words("gone", {"old": "a\tb"}) == [("old", "a\\tb")]


@pytest.mark.django_db
def test_the_page_of_an_export_shows_no_dictionary(client_for):
    world = world_create()
    Export.objects.all().delete()
    export = export_create(project=world.project, format="tracewood")
    text = (
        client_for(world.people["reviewer"]).get(f"/p/Ours/exports/{export.pk}/").content.decode()
    )
    made = text.partition('id="made-with"')[2]
    assert "Correctness; Soundness; Progress; Clarity" in made
    assert "{&#x27;" not in made
    assert "max_score" not in made
