"""Guidelines that somebody made to be slow: bounded in size, rendered once, compared in bounded time."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from annotator import markdown
from annotator.errors import InvalidError
from annotator.markdown import markdown_html
from annotator.models import GuidelineVersion
from annotator.sequence_match import blocks
from annotator.services.guidelines.versions import MARKDOWN_LENGTH, guideline_set
from annotator.text_diff import text_diff
from tests.annotator.page_world import world_create

few = st.lists(st.sampled_from("abc "), max_size=14)


def cpu_seconds(work, *args):
    """Return the processor time of a call: other processes do not count."""
    started = time.process_time()
    work(*args)
    return time.process_time() - started


@given(few, few)
def test_blocks_lead_from_the_old_sequence_to_the_new(old, new):
    found = list(blocks(old, new))
    rebuilt = [x for equal, a, b, c, d in found for x in (old[a:b] if equal else new[c:d])]
    assert rebuilt == new
    assert [x for _, a, b, _, _ in found for x in old[a:b]] == old
    assert all(a[0] != b[0] for a, b in pairwise(found))
    assert all(equal or a < b or c < d for equal, a, b, c, d in found)


def test_elements_that_stand_once_hold_the_sequences_together():
    assert list(blocks([*"a..b..c"], [*"a.b....c"])) == [
        (True, 0, 2, 0, 2),
        (False, 2, 3, 2, 2),
        (True, 3, 6, 2, 5),
        (False, 6, 6, 5, 7),
        (True, 6, 7, 7, 8),
    ]


REPEATED = {
    "blank lines": ("\n" * 25_000, "\n\nx" * 12_500),
    "two lines": ("a\nb\n" * 12_000, "a\na\nb\n" * 8_000),
    "words of one line": ("a b " * 12_000, "a a b " * 8_000),
    "many long lines": (("a b " * 300 + "\n") * 40, ("a a b " * 200 + "\n") * 40),
}


@pytest.mark.parametrize("name", REPEATED)
def test_what_repeats_is_compared_in_bounded_time(name):
    assert cpu_seconds(text_diff, *REPEATED[name]) < 10


DENSE = {
    "emphasis": "*a **b ",
    "brackets": "[",
    "links": "[a](b) ",
    "quotes": "> " * 20 + "a\n",
    "ticks": "`a``b```",
    "table": "|a|b\n|-|-\n" + "|\n" * 50,
    "entities": "&amp;&#35;",
    "lists": "- a\n  - b\n",
}


@pytest.mark.parametrize("name", DENSE)
def test_the_densest_text_that_can_be_saved_is_rendered_in_bounded_time(name):
    text = (DENSE[name] * MARKDOWN_LENGTH)[:MARKDOWN_LENGTH]
    assert cpu_seconds(markdown_html.__wrapped__, text) < 10


@pytest.mark.django_db
def test_text_over_the_limit_is_refused_with_both_numbers(client_for):
    world = world_create()
    text = "x" * (MARKDOWN_LENGTH + 1)
    with pytest.raises(InvalidError, match=r"at most 50,000 characters, this text has 50,001"):
        guideline_set(project=world.project, markdown=text, author=None, change="more")
    with pytest.raises(InvalidError, match="NUL"):
        guideline_set(project=world.project, markdown="\x00", author=None, change="more")
    client = client_for(world.people["owner"])
    form = {"markdown": text, "based_on": 2, "change": "more"}
    answer = client.post(reverse("annotator:guidelines-edit", args=["Ours"]), form)
    assert (answer.status_code, "50,001" in answer.content.decode()) == (422, True)
    sent = {"markdown": text, "change": "more"}
    refused = client.post(
        "/api/v1/projects/Ours/guidelines/", sent, content_type="application/json"
    )
    assert refused.status_code == 422
    assert "markdown" in refused.json()["error"]["fields"]


@pytest.mark.django_db
def test_a_version_is_rendered_once_however_often_it_is_read(client_for, monkeypatch):
    world = world_create()
    GuidelineVersion.objects.create(project=world.project, number=3, markdown="# Once *only*")
    rendered = []
    plain = markdown._renderer()

    class Counting:
        def render(self, text):
            rendered.append(text)
            return plain.render(text)

    monkeypatch.setattr(markdown, "_renderer", Counting)
    markdown_html.cache_clear()
    for role in ("owner", "annotator", "owner"):
        client = client_for(world.people[role])
        for route in ("guidelines", "guidelines-panel"):
            text = client.get(reverse(f"annotator:{route}", args=["Ours"])).content.decode()
            assert "<h1>Once <em>only</em></h1>" in text
    assert rendered == ["# Once *only*"]
