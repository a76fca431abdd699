"""What becomes of the trees of a file: merged, kept as given, numbered, never doubled."""

from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from annotator.models import JudgementEvent, Outcome, Problem, SourceRecord, Step, StepLabel, Trace
from scoring.types import RaterRecord
from tests.annotator.importing.data import assert_numbered, flat, given_tree, load, outline
from tests.factories import ProjectFactory

pytestmark = pytest.mark.django_db


def test_equal_prefixes_of_flat_traces_become_shared_steps(project):
    report = load(project, flat("1", "a", "b", "c"), flat("2", "a", "b", "d"), flat("3", "x"))

    problem = Problem.objects.get()
    assert outline(problem) == [
        (1, 5, 1, "a"),
        (2, 5, 2, "b"),
        (3, 4, 3, "c"),
        (4, 5, 3, "d"),
        (5, 6, 1, "x"),
    ]
    assert_numbered(problem)
    counts = report.counts
    assert (counts.accepted, counts.problems, counts.traces, counts.steps) == (3, 1, 3, 5)


def test_white_space_at_the_ends_of_a_step_does_not_keep_it_apart(project):
    load(project, flat("1", "a\n", "b"), flat("2", " a", "c"))

    assert [row[3] for row in outline(Problem.objects.get())] == ["a\n", "b", "c"]


@pytest.mark.parametrize("field", ["kind", "agent", "level"])
def test_kind_agent_and_level_keep_equal_texts_apart(project, field):
    other = flat("2", "a", "b")
    setattr(other.nodes[0], field, {"kind": "plan", "agent": "helper", "level": "plan"}[field])

    load(project, flat("1", "a", "b"), other)

    assert Step.objects.filter(text="a").count() == 2


def test_equal_traces_keep_their_multiplicity(project):
    load(project, flat("1", "a", "b", correct=1), flat("2", "a", "b", correct=0))
    load(project, flat("3", "a", "b", correct=1))

    traces = Trace.objects.order_by("ordinal")
    assert Step.objects.count() == 2
    assert [trace.ordinal for trace in traces] == [0, 1, 2]
    assert [trace.outcomes.get().value for trace in traces] == [1.0, 0.0, 1.0]
    assert len({trace.end_id for trace in traces}) == 1


def test_a_given_tree_keeps_equal_siblings_and_merges_with_nothing(project):
    tree = given_tree("tree", ("a", -1), ("same", 0), ("same", 0), ("b", 2))

    load(project, flat("1", "a", "same"), tree, flat("2", "a", "same", "z"))

    assert Step.objects.filter(text="same").count() == 3
    assert Step.objects.filter(source__isnull=False).count() == 4
    assert_numbered(Problem.objects.get())


def test_the_same_problem_needs_the_same_prompt_and_the_same_reference(project):
    other = flat("2", "a")
    other.problem.reference = "3"

    report = load(project, flat("1", "a"), other, flat("3", "a"))

    assert report.counts.problems == Problem.objects.count() == 2


def test_importing_the_same_records_again_adds_nothing(project):
    def records():
        return [flat("1", "a", "b", correct=1, labels=[1, 0]), flat("2", "a", "c")]

    load(project, *records())
    tables = (Problem, SourceRecord, Step, Trace, Outcome, StepLabel, JudgementEvent)
    before = [table.objects.count() for table in tables]

    again = load(project, *records())

    assert [table.objects.count() for table in tables] == before
    assert (again.counts.accepted, again.counts.unchanged, again.counts.steps) == (2, 2, 0)


def test_a_key_is_unique_within_its_format_and_project_only(project):
    load(project, flat("1", "a"))

    assert load(project, flat("1", "a"), format_key="other").counts.unchanged == 0
    assert load(ProjectFactory(), flat("1", "a")).counts.unchanged == 0


def test_a_record_that_stands_twice_in_a_file_is_there_once(project):
    report = load(project, flat("1", "a"), flat("1", "a"))

    assert (report.counts.accepted, report.counts.unchanged, report.counts.traces) == (2, 1, 1)


@pytest.mark.parametrize(
    "change",
    [
        lambda record: setattr(record.nodes[0], "text", "b"),
        lambda record: setattr(record.nodes[0], "value", 0.5),
        lambda record: setattr(record.nodes[0], "meta", {"n": 10**30}),
        lambda record: setattr(record.problem, "prompt", "What else?"),
        lambda record: setattr(record.traces[0].outcomes[0], "value", 0.0),
        lambda record: setattr(record.labels[0], "rating", -1),
        lambda record: setattr(record.labels[0], "rater", RaterRecord("machine", "other")),
        lambda record: record.meta.update(source="elsewhere"),
        lambda record: setattr(record, "merge", False),
    ],
)
def test_a_key_that_is_taken_by_other_content_is_refused_naming_the_first(project, change):
    load(project, flat("0", "x"), flat("1", "a", correct=1, labels=[1]))
    other = flat("1", "a", correct=1, labels=[1])
    change(other)

    report = load(project, other, flat("2", "c"))

    assert (report.counts.accepted, report.counts.unchanged, report.rejected) == (1, 0, 1)
    assert report.errors[0].line == 1
    assert "key '1' is there already with other content" in report.errors[0].reason
    assert "line 2 of test.jsonl" in report.errors[0].reason
    assert SourceRecord.objects.count() == 3


def test_other_content_under_a_key_of_the_same_file_is_refused_too(project):
    report = load(project, flat("1", "a"), flat("1", "b"), flat("1", "a"))

    assert (report.counts.accepted, report.counts.unchanged, report.rejected) == (2, 1, 1)
    assert [(error.line, error.record) for error in report.errors] == [(2, 1)]


def test_place_warnings_and_the_order_of_fields_do_not_make_other_content(project):
    first, again = flat("1", "a"), flat("1", "a")
    first.meta, again.meta = {"x": 1, "y": 10**30}, {"y": 10**30, "x": 1}
    again.warnings = ["field 'z' was kept as missing"]

    assert load(project, flat("0", "x"), first).rejected == 0
    assert load(project, again).counts.unchanged == 1


def test_traces_added_later_renumber_only_what_comes_behind_them(project):
    load(project, flat("1", "a", "b"), flat("2", "x", "y"))
    ids = dict(Step.objects.values_list("text", "pk"))

    load(project, flat("3", "a", "c", "d"))

    problem = Problem.objects.get()
    assert [row[3] for row in outline(problem)] == ["a", "b", "c", "d", "x", "y"]
    assert_numbered(problem)
    assert {text: Step.objects.get(text=text).pk for text in ids} == ids
    assert Step.objects.get(text="c").pk > max(ids.values())


PATHS = st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=5), min_size=1, max_size=12)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(paths=PATHS, cuts=st.lists(st.integers(0, 12), max_size=4), tree_at=st.integers(0, 12))
def test_any_order_of_files_numbers_the_tree_as_one_file_would(db, paths, cuts, tree_at):
    def records():
        items = [flat(str(i), *path) for i, path in enumerate(paths)]
        shape = given_tree("tree", ("a", -1), ("a", 0), ("a", 0), ("b", 1))
        items.insert(min(tree_at, len(items)), shape)
        return items

    whole, parts = ProjectFactory(), ProjectFactory()
    load(whole, *records())
    items = records()
    borders = [0, *sorted(cut for cut in cuts if cut < len(items)), len(items)]
    for first, last in pairwise(borders):
        load(parts, *items[first:last])

    one, other = Problem.objects.get(project=whole), Problem.objects.get(project=parts)
    assert outline(other) == outline(one)
    assert_numbered(other)


def test_a_path_of_twenty_thousand_steps_is_stored(project):
    report = load(project, flat("deep", *(f"step {i}" for i in range(20_000))))

    assert report.counts.steps == 20_000
    assert Problem.objects.get().max_depth == 20_000
    last = Step.objects.get(text="step 19999")
    assert (last.preorder, last.subtree_end, last.depth) == (20_000, 20_001, 20_000)


def test_a_step_of_ten_megabytes_is_stored(project):
    text = "é" * 10_000_000

    load(project, flat("big", text, "end"))

    assert Step.objects.get(preorder=1).text == text


def test_a_missing_state_follows_from_parent_or_child(project):
    record = flat("1", "a", "b", "c")
    record.nodes[0].state_before = "start"
    record.nodes[1].state_before = "after a"
    record.nodes[2].state_after = "end"

    load(project, record)

    steps = Step.objects.order_by("preorder")
    assert [(step.state_before, step.state_after) for step in steps] == [
        ("start", "after a"),
        ("after a", None),
        (None, "end"),
    ]


def test_the_caller_of_a_step_is_stored(project):
    record = given_tree("1", ("plan", -1), ("call", 0), ("sub-agent", 1))
    record.nodes[2].caller = 1

    load(project, record)

    assert Step.objects.get(text="sub-agent").caller == Step.objects.get(text="call")


def test_fields_that_a_merged_step_cannot_keep_are_reported(project):
    first, same, other = (flat(key, "a", key) for key in "123")
    first.nodes[0].value = same.nodes[0].value = 0.5
    other.nodes[0].value, other.nodes[0].meta = 0.25, {"p": [1]}

    assert load(project, first, same).n_warnings == 0
    report = load(project, other, flat("4", "a", "4"))

    assert Step.objects.get(text="a").value == 0.5
    assert "1 steps equal ones that are there" in report.warnings[0].reason
