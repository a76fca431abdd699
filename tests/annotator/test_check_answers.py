"""``check_answers``: outcomes from final answers, as events of a machine, repeated without harm."""

from __future__ import annotations

import pytest

from annotator.management.commands import check_answers
from annotator.models import JudgementEvent, Outcome, Rater, SourceFile
from annotator.services.history.rebuild import judgements_rebuild
from annotator.services.imports.records import import_records
from annotator.services.projects.projects import project_create
from scoring.types import NodeRecord, OutcomeRecord, ProblemRecord, TraceRecord, TreeRecord
from tests.annotator.commands import run_command
from tests.factories import MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db(transaction=True)


def record(key, reference, *answers, known=()):
    """A problem with one trace per answer; ``known`` gives the first ones an outcome."""
    traces = [
        TraceRecord(
            i,
            f"{key}-{i}",
            outcomes=[OutcomeRecord("correct", v, "source") for v in known[i : i + 1]],
        )
        for i in range(len(answers))
    ]
    nodes = [NodeRecord(text) for text in answers]
    return TreeRecord(key, ProblemRecord(f"Problem {key}", reference), nodes, traces, merge=False)


@pytest.fixture
def project():
    made = project_create(name="sums")
    file = SourceFile.objects.create(project=made, format="tracewood", name="sums")
    items = [
        record("a", "1/2", "It is 0.5.", "It is 0.6.", "Hm."),
        record("b", "7", "So 8.", "So 7.", known=(1.0,)),
        record("c", "", "So 7."),
    ]
    import_records(project=made, format="tracewood", items=items, file=file)
    return made


def values(name="correct"):
    found = Outcome.objects.filter(name=name).order_by("trace__key")
    return {row.trace.key: (row.value, row.source.split()[0]) for row in found}


def check(*arguments):
    status, answer = run_command(check_answers, "--project", "sums", "--seconds", "60", *arguments)
    assert status == 0, answer
    return answer


def test_answers_become_outcomes_of_the_checker_and_a_second_run_changes_nothing(project):
    told = check()
    assert (
        told.items()
        >= {
            "outcome": "correct",
            "right": 2,
            "wrong": 1,
            "unread": 1,
            "late": 0,
            "kept": 1,
            "without_reference": 1,
        }.items()
    )
    ours = "checker:math_verify"
    assert values() == {
        "a-0": (1.0, ours),
        "a-1": (0.0, ours),
        "b-0": (1.0, "source"),
        "b-1": (1.0, ours),
    }
    rater = Rater.objects.get(name=ours)
    assert rater.kind == "machine"
    events = JudgementEvent.objects.filter(rater=rater)
    assert events.count() == 3
    assert set(events.values_list("user", flat=True)) == {None}
    assert check()["right"] == 2
    assert events.count() == 3
    assert judgements_rebuild(project=project, dry_run=True).equal


def test_what_came_from_elsewhere_is_replaced_only_when_asked(project):
    assert check("--replace")["wrong"] == 2
    assert values()["b-0"] == (0.0, "checker:math_verify")


def test_another_outcome_can_be_written_and_a_bad_name_is_refused(project):
    check("--outcome", "agrees")
    assert values("agrees")["b-0"][0] == 0.0
    assert values()["b-0"] == (1.0, "source")
    status, answer = run_command(check_answers, "--project", "sums", "--outcome", "x" * 100)
    assert status == 2
    assert "Name the outcome" in answer["error"]["message"]


def test_an_unknown_project_names_the_known_ones(project):
    status, answer = run_command(check_answers, "--project", "other")
    assert (status, "sums" in answer["error"]["message"]) == (2, True)


def test_the_history_says_which_checker_it_was(project, client_for):
    check()
    owner = UserFactory()
    MembershipFactory(project=project, user=owner)
    problem = project.problems.get(prompt="Problem a")
    page = client_for(owner).get(f"/p/sums/problems/{problem.pk}/history/").content.decode()
    assert page.count("checker:math_verify") >= 2
