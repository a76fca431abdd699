"""A project with the tree of one game of 24, and its page with the scripts ready."""

from __future__ import annotations

import pytest

from tests.annotator.workbench_data import (
    GAME,
    member,
    project_with_types,
    write_model,
    write_problem,
)
from tests.browser.workbench.data import address


@pytest.fixture
def project():
    return project_with_types()


@pytest.fixture
def reviewer(project):
    return member(project, "reviewer", "reviewer")


@pytest.fixture
def game(project):
    problem, steps = write_problem(
        project, "Use 4, 5, 6 and 10 to make 24.", GAME, reference="(4 * 5) + (10 - 6)"
    )
    write_model(problem, steps)
    return problem, steps


@pytest.fixture
def open_bench(open_page):
    def opened(user, problem, query="", **options):
        page = open_page(user, address(problem, query), **options)
        page.wait_for_selector("html[data-ready]")
        return page

    return opened
