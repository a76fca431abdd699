"""The sample project: filled once, true from the first page on."""

import pytest

from annotator.errors import InvalidError
from annotator.models import Outcome, Problem, Rater, Step, StepLabel
from annotator.services.people.raters import rater_for_user, rater_get_or_create
from annotator.services.projects import samples
from annotator.services.projects.projects import project_create
from annotator.services.projects.samples import sample_project_fill
from scoring.errors import CancelledError
from tests.annotator.importing.data import assert_numbered
from tests.factories import ProjectFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr(samples, "N_ARITHMETIC", 3)
    monkeypatch.setattr(samples, "N_GAME24", 2)


def test_the_sample_has_trees_outcomes_values_and_checker_labels(few):
    project = project_create(name="Sample")
    sample_project_fill(project=project)

    assert "Game of 24" in project.guidelines.order_by("-number")[0].markdown
    assert Problem.objects.filter(project=project).count() == 5
    for problem in project.problems.all():
        assert_numbered(problem)
        assert Outcome.objects.filter(trace__problem=problem, name="correct").exists()
        ratings = StepLabel.objects.filter(step__problem=problem).values_list("rating", flat=True)
        assert {1, -1} >= set(ratings) != set()
    searched = Step.objects.filter(source__isnull=False)
    assert searched.filter(value__isnull=False, state_after__isnull=False).exists()
    kinds = Rater.objects.filter(project=project).values_list("kind", flat=True)
    assert set(kinds) == {"machine"}


def test_loading_the_sample_again_asks_little_and_adds_nothing(few, django_assert_max_num_queries):
    project = ProjectFactory()
    sample_project_fill(project=project)
    steps = Step.objects.count()

    with django_assert_max_num_queries(5):
        assert sample_project_fill(project=project) is None

    assert Step.objects.count() == steps


def test_the_last_word_of_the_progress_is_all_of_it(few):
    told = []
    sample_project_fill(
        project=ProjectFactory(),
        on_progress=lambda done, total, message: told.append((done, total)),
    )
    assert told[-1] == (5, 5)


def test_an_interrupted_sample_is_completed(few, monkeypatch):
    monkeypatch.setattr("annotator.services.imports.collect.BATCH_STEPS", 10)
    project = ProjectFactory(name="Sample")
    asked = iter([False, True])
    with pytest.raises(CancelledError):
        sample_project_fill(project=project, should_stop=lambda: next(asked))
    assert 0 < project.problems.count() < 5

    sample_project_fill(project=project)

    assert project.problems.count() == 5


def test_a_person_keeps_the_rater_through_a_new_username():
    project, user = ProjectFactory(), UserFactory(username="ada")
    first = rater_for_user(project=project, user=user)
    user.username = "lovelace"
    user.save()

    assert rater_for_user(project=project, user=user) == first
    assert (first.kind, first.name) == ("person", "ada")


def test_a_taken_name_does_not_join_two_people():
    project = ProjectFactory()
    leaver, user = UserFactory(username="ada"), UserFactory(username="later")
    rater_for_user(project=project, user=leaver)
    leaver.delete()
    user.username = "ada"
    user.save()

    rater = rater_for_user(project=project, user=user)

    assert rater.name == f"ada #{user.pk}"
    assert Rater.objects.count() == 2


def test_raters_differ_by_version_and_unknown_kinds_name_the_known_ones():
    project = ProjectFactory()
    first = rater_get_or_create(project=project, kind="machine", name="c", version="1")

    assert rater_get_or_create(project=project, kind="machine", name="c", version="1") == first
    assert rater_get_or_create(project=project, kind="machine", name="c", version="2") != first
    with pytest.raises(InvalidError, match="known: person, imported"):
        rater_get_or_create(project=project, kind="crowd", name="c")
