from django.db import connection

from annotator.models import Step
from tests.factories import problem_with_tree


def test_the_suite_runs_on_postgresql_18(db):
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        assert cursor.fetchone()[0].startswith("18.")


def test_the_queues_of_the_project_are_there(db):
    with connection.cursor() as cursor:
        cursor.execute("SELECT queue_name FROM pgmq.meta ORDER BY queue_name")
        assert [name for (name,) in cursor] == ["gpu", "io"]


def test_factory_trees_have_half_open_subtrees(db):
    problem = problem_with_tree(["a", ["b", ["c"]], ["d!"]], ["e"])
    rows = Step.objects.filter(problem=problem).order_by("preorder")
    assert list(rows.values_list("text", "preorder", "subtree_end", "depth")) == [
        ("a", 1, 5, 1),
        ("b", 2, 4, 2),
        ("c", 3, 4, 3),
        ("d!", 4, 5, 2),
        ("e", 5, 6, 1),
    ]
    assert problem.n_traces == 3
