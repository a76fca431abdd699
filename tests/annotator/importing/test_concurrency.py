"""Two imports at once, and labels while one runs."""

import threading
import time

import pytest
from django.db import connection, connections, transaction

from annotator.models import Problem, Rater, SourceRecord, Step, StepLabel, Trace
from annotator.services.imports import collect
from annotator.services.imports.copying import lock_imports
from annotator.services.judgements.labels import label_set
from tests.annotator.importing.data import assert_numbered, flat, load
from tests.factories import MembershipFactory, ProjectFactory

pytestmark = pytest.mark.django_db(transaction=True)


def records():
    """Sixty flat traces of four problems with labels of one rater."""
    return [
        flat(str(i), "start", f"a{i % 7}", f"b{i}", prompt=f"{i % 4}?", labels=[1, 0, -1])
        for i in range(60)
    ]


def in_threads(*jobs):
    """Run ``jobs`` at once on connections of their own; raise what one of them raised."""
    errors = []
    barrier = threading.Barrier(len(jobs))

    def run(job):
        try:
            barrier.wait(10)
            job()
        except BaseException as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    if errors:
        raise errors[0]


def test_the_same_file_at_the_same_time_is_there_once(monkeypatch):
    monkeypatch.setattr(collect, "BATCH_STEPS", 30)
    project, reports = ProjectFactory(), []

    in_threads(
        *[
            lambda order=order: reports.append(load(project, *records()[::order]))
            for order in (1, -1)
        ]
    )

    assert sum(report.counts.unchanged for report in reports) == 60
    assert sum(report.counts.traces for report in reports) == Trace.objects.count() == 60
    assert SourceRecord.objects.count() == 60
    assert (Problem.objects.count(), Rater.objects.count()) == (4, 1)
    assert StepLabel.objects.count() == 180
    for problem in Problem.objects.all():
        assert_numbered(problem)


def test_imports_of_two_projects_do_not_wait_for_each_other():
    first, second = ProjectFactory(), ProjectFactory()
    done = threading.Event()

    def hold():
        with transaction.atomic(), connection.cursor() as cursor:
            lock_imports(cursor, first.pk)
            assert done.wait(20)

    def bring():
        time.sleep(0.1)
        load(second, *records())
        done.set()

    in_threads(hold, bring)

    assert Problem.objects.filter(project=second).count() == 4


def test_a_label_does_not_wait_for_an_import_that_adds_to_its_problem():
    project = ProjectFactory()
    user = MembershipFactory(project=project).user
    load(project, flat("1", "a", "b", prompt="0?"))
    step = Step.objects.get(text="a")
    labelled = threading.Event()

    def hold():
        """Stand where a batch stands after it wrote its rows and before it commits."""
        with transaction.atomic():
            load(project, flat("2", "a", "c", prompt="0?"))
            assert labelled.wait(20)

    def label():
        time.sleep(0.3)
        label_set(step=step, user=user, rating=-1)
        labelled.set()

    in_threads(hold, label)

    assert StepLabel.objects.get(step=step).rating == -1
    assert Step.objects.filter(problem=step.problem).count() == 3
