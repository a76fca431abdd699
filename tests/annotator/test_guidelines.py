"""Guidelines: versions with reasons and examples, their differences, and labels judged again."""

from __future__ import annotations

import pytest
from django.urls import reverse

from annotator.errors import InvalidError
from annotator.models import (
    ErrorType,
    Gold,
    GuidelineVersion,
    Membership,
    Queue,
    Step,
    StepLabel,
)
from annotator.queries.guidelines.versions import Selection, affected_count
from annotator.services.guidelines.versions import guideline_set, relabel_request
from annotator.services.judgements.labels import label_set
from annotator.services.queues.build import queue_build
from annotator.text_diff import text_diff
from tests.factories import MembershipFactory, UserFactory, problem_with_tree

pytestmark = pytest.mark.django_db


class World:
    def __init__(self):
        owner = MembershipFactory.create()
        self.project, self.owner = owner.project, owner.user
        self.ada, self.bo = (UserFactory.create(username=name) for name in ("ada", "bo"))
        for person in (self.ada, self.bo):
            Membership.objects.create(project=self.project, user=person, role="annotator")
        ErrorType.objects.create(project=self.project, key="logic", label="Logic")
        self.problem = problem_with_tree(
            ["a", ["b", ["c"], ["d"]]], ["e"], project=self.project, prompt="<b>Six</b>?"
        )
        self.step = {row.text: row for row in Step.objects.filter(problem=self.problem)}

    def write(self, text, change="new rule", **more):
        return guideline_set(
            project=self.project, markdown=text, author=self.owner, change=change, **more
        )

    def url(self, name, *args):
        return reverse(f"annotator:{name}", args=[self.project.name, *args])

    def form(self, **fields):
        current = self.project.guidelines.order_by("-number").first()
        sent = {"markdown": "text", "based_on": current.number if current else 0, "change": "new"}
        return {**sent, **fields}


@pytest.fixture
def world():
    return World()


def lines(old, new, **more):
    return [
        (line.sign, "".join(f"[{text}]" if changed else text for text, changed in line.parts))
        if line.sign != "skipped"
        else ("skipped", line.skipped)
        for line in text_diff(old, new, **more)
    ]


def test_a_changed_line_is_compared_by_words():
    assert lines("Rate 0 if it repeats.\nEnd", "Rate −1 if it repeats.\nEnd") == [
        ("removed", "Rate [0] if it repeats."),
        ("added", "Rate [−1] if it repeats."),
        ("same", "End"),
    ]


def test_lines_without_anything_in_common_stay_whole():
    assert lines("one two three", "完全 different words here") == [
        ("removed", "one two three"),
        ("added", "完全 different words here"),
    ]


def test_equal_lines_far_from_a_change_are_counted():
    old = "\n".join(f"line {n}" for n in range(20))
    new = old.replace("line 10", "line ten")
    assert lines(old, new, context=1) == [
        ("skipped", 9),
        ("same", "line 9"),
        ("removed", "line [10]"),
        ("added", "line [ten]"),
        ("same", "line 11"),
        ("skipped", 8),
    ]
    assert lines("a", "a") == [("skipped", 1)]
    assert lines("", "a\n\nb") == [("added", "a"), ("added", ""), ("added", "b")]
    assert lines("", "") == []


def test_line_numbers_are_those_of_each_version():
    removed, added, same = text_diff("x\ny", "z\ny")
    assert (removed.old, removed.new) == (1, None)
    assert (added.old, added.new) == (None, 1)
    assert (same.old, same.new) == (2, 2)


def test_a_second_version_says_what_is_new(world):
    first = world.write("one", change="")
    with pytest.raises(InvalidError) as refused:
        world.write("two", change="  ")
    assert "change" in refused.value.fields
    assert world.write("one", change="") == first
    second = world.write("two", change=" shorter ")
    assert (second.number, second.change) == (2, "shorter")


def test_examples_are_part_of_the_version(world):
    example = {"step": world.step["b"].pk, "rating": -1, "why": "the sum is wrong"}
    world.write("one", examples=[example])
    assert world.write("two").examples == [example]
    third = world.write("two", examples=[])
    assert (third.number, third.examples) == (3, [])
    assert GuidelineVersion.objects.get(number=1).examples == [example]


def test_what_cannot_be_an_example_is_refused(world):
    other = problem_with_tree(["x"])
    b = world.step["b"].pk
    good = {"step": b, "rating": 1, "why": "it holds"}
    trace = world.problem.traces.get(end=world.step["e"])
    Gold.objects.create(
        project=world.project, problem=world.problem, trace=trace, task="all_steps", answer={}
    )
    for examples, said in (
        ([{**good, "step": other.steps.get().pk}], "no step"),
        ([good, good], "already"),
        ([{**good, "rating": 2}], "−1, 0 or"),
        ([{**good, "rating": True}], "−1, 0 or"),
        ([{**good, "why": " "}], "why"),
        ([{**good, "why": "x" * 1_001}], "at most 1,000"),
        ([{**good, "step": world.step["e"].pk}], "gold"),
        ([good] * 61, "at most 60"),
    ):
        with pytest.raises(InvalidError, match=said):
            world.write("one", examples=examples)
    assert not GuidelineVersion.objects.exists()
    world.write("one", examples=[good])  # no gold trace passes b


def test_the_editor_saves_text_examples_and_the_change(world, client_for):
    client, address = client_for(world.owner), world.url("guidelines-edit")
    b, d = world.step["b"].pk, world.step["d"].pk
    link = f"http://h/p/x/problems/{world.problem.pk}/?tab=labels&step={d}#top"
    rows = {
        "example0-step": f"{b}",
        "example0-rating": "-1",
        "example0-why": "the sum is wrong",
        "example7-step": link,
        "example7-rating": "0",
        "example7-why": "repeats",
        "example9-step": "",
    }
    assert client.post(address, world.form(**rows)).status_code == 302
    saved = GuidelineVersion.objects.get()
    assert saved.examples == [
        {"step": b, "rating": -1, "why": "the sum is wrong"},
        {"step": d, "rating": 0, "why": "repeats"},
    ]
    page = client.get(f"{address}?example={d}&rating=1").content.decode()
    assert page.count(f'value="{d}"') == 2
    page = client.get(world.url("guidelines")).content.decode()
    assert "the sum is wrong" in page
    assert 'label bad">−1' in page


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"step": "first"}, "Give a step"),
        ({"step": "9" * 20}, "Give a step"),
        ({"step": "12", "why": "so"}, "Choose the right rating"),
        ({"step": "12", "rating": "1"}, "Say why"),
        ({"why": "so"}, "which step"),
        ({"step": "12", "rating": "7", "why": "so"}, "not one of the available"),
        ({"step": "999999", "rating": "1", "why": "so"}, "no step 999999"),
    ],
)
def test_half_an_example_keeps_the_text_and_says_what_is_missing(world, client_for, row, said):
    sent = {f"example0-{name}": value for name, value in row.items()}
    sent.setdefault("example0-step", "")
    form = world.form(markdown="my long text", **sent)
    answer = client_for(world.owner).post(world.url("guidelines-edit"), form)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert "my long text" in answer.content.decode()
    assert not GuidelineVersion.objects.exists()


def test_the_editor_asks_for_the_change(world, client_for):
    world.write("one")
    answer = client_for(world.owner).post(world.url("guidelines-edit"), world.form(change=""))
    assert answer.status_code == 422
    assert "Say what is new and why" in answer.content.decode()


def test_changes_are_shown_with_signs_and_escaped(world, client_for):
    world.write("Rate <b>zero</b> rows", change="")
    example = {"step": world.step["b"].pk, "rating": 1, "why": "it <i>holds</i>"}
    world.write("Rate <b>one</b> rows", change="less <u>", examples=[example])
    client = client_for(world.ada)
    page = client.get(world.url("guidelines-changes", 2)).content.decode()
    assert "<del>zero</del>" in page
    assert "<ins>one</ins>" in page
    assert "&lt;b&gt;" in page
    assert "it &lt;i&gt;holds" in page
    assert "less &lt;u&gt;" in page
    assert client.get(world.url("guidelines-changes", 1)).status_code == 200
    for missing in (
        world.url("guidelines-changes", 3),
        world.url("guidelines-changes", 2) + "?from=7",
    ):
        assert client.get(missing).status_code == 404


def test_versions_count_what_was_judged_under_them_for_reviewers(world, client_for):
    world.write("one")
    label_set(step=world.step["a"], user=world.ada, rating=1)
    label_set(step=world.step["b"], user=world.ada, rating=1)
    world.write("two")
    label_set(step=world.step["b"], user=world.ada, rating=-1)
    page = client_for(world.owner).get(world.url("guidelines")).content.decode()
    assert page.count("1 label<") == 2
    assert "1 label<" not in client_for(world.ada).get(world.url("guidelines")).content.decode()


def test_the_panel_is_a_fragment_for_everybody(world, client_for):
    world.write(
        "# Rules\nBe **kind**.", examples=[{"step": world.step["b"].pk, "rating": 0, "why": "so"}]
    )
    page = client_for(world.ada).get(world.url("guidelines-panel")).content.decode()
    assert "<strong>kind</strong>" in page
    assert "label neutral" in page
    assert "<html" not in page


@pytest.fixture
def judged(world):
    """Under version 1: ada −1 (logic) on c, unsure on e, +1 on a; bo 0 on d. Version 2 in force."""
    world.write("one")
    label_set(step=world.step["c"], user=world.ada, rating=-1, error_type="logic")
    label_set(step=world.step["e"], user=world.ada, rating=None, unsure=True)
    label_set(step=world.step["a"], user=world.ada, rating=1)
    label_set(step=world.step["d"], user=world.bo, rating=0)
    world.write("two")
    label_set(step=world.step["b"], user=world.bo, rating=1)
    return world


@pytest.mark.parametrize(
    ("selection", "labels"),
    [
        (Selection(), 4),
        (Selection(versions=(2,)), 1),
        (Selection(ratings=(-1, 0)), 2),
        (Selection(error_types=("logic",)), 1),
        (Selection(unsure=True), 1),
        (Selection(ratings=(1,), unsure=True), 2),
        (Selection(versions=(1,), ratings=(1,)), 1),
    ],
)
def test_selections_by_hand(judged, selection, labels):
    assert affected_count(project=judged.project, selection=selection).labels == labels


def relabel(world, **selection):
    queue, _ = relabel_request(
        project=world.project, user=world.owner, name="Again", selection=Selection(**selection)
    )
    queue_build(queue=queue)
    queue.refresh_from_db()
    return queue, [item.trace.end.text for item in queue.items.order_by("position")]


def test_a_queue_holds_the_fewest_traces_with_all_chosen_labels(judged):
    queue, ends = relabel(judged, ratings=(-1, 1))
    # a and c are on the first trace, a → b → c; d and e are not asked for.
    assert (queue.task, ends) == ("all_steps", ["c"])
    assert queue.options["report"] == {"steps": 2, "not_on_a_trace": 0, "gold": 0}
    assert queue.items.get().why == {"labels_again": 2.0}
    Queue.objects.all().delete()
    assert relabel(judged)[1] == ["c", "d", "e"]
    Queue.objects.all().delete()
    # The first trace passes a, but the one that d needs anyway passes it, too.
    assert relabel(judged, ratings=(0, 1))[1] == ["d"]


def test_no_label_to_judge_again_is_said(judged):
    StepLabel.objects.all().delete()
    with pytest.raises(InvalidError, match="No label by a person"):
        relabel(judged)


def test_unknown_choices_are_refused(judged):
    for selection in ({"versions": (9,)}, {"ratings": (3,)}, {"error_types": ("none",)}):
        with pytest.raises(InvalidError):
            relabel(judged, **selection)
    assert not Queue.objects.exists()


def test_the_page_counts_and_makes_the_queue(judged, client_for):
    client, address = client_for(judged.owner), judged.url("guidelines-relabel")
    assert 'id="affected">4<' in client.get(address).content.decode()
    sent = {"ratings": ["-1"], "name": "Again", "overlap": "2"}
    page = client.post(address, {**sent, "count": "1"})
    assert 'id="affected">1<' in page.content.decode()
    assert not Queue.objects.exists()
    answer = client.post(address, sent)
    queue = Queue.objects.get()
    assert answer["Location"] == judged.url("queue", queue.pk)
    assert (queue.order, queue.overlap, queue.options["ratings"]) == ("relabel", 2, [-1])
    assert client.post(address, sent).status_code == 422  # the name is taken
    assert client.post(address, {**sent, "ratings": ["5"]}).status_code == 422
    assert client_for(judged.ada).get(address).status_code == 403
