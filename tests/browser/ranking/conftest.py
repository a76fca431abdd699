"""A project with two criteria, somebody who ranks, and the pages of a place."""

from __future__ import annotations

import pytest

from tests.annotator.workbench_data import member, project_with_types, write_problem
from tests.browser.ranking.data import FORK


@pytest.fixture
def project():
    project = project_with_types()
    project.criteria = [
        {
            "key": "correctness",
            "label": "Correctness",
            "help": "All true.",
            "margin": 0,
            "gate": True,
        },
        {"key": "clarity", "label": "Clarity", "help": "", "margin": 0, "gate": False},
    ]
    project.save()
    return project


@pytest.fixture
def annotator(project):
    return member(project, "annotator", "annotator")


@pytest.fixture
def fork(project):
    return write_problem(project, "Use 4, 5, 6 and 10 with + - * / to make 24.", FORK)


@pytest.fixture
def open_place(open_page):
    def opened(user, problem, place, **options):
        path = f"/p/{problem.project.name}/problems/{problem.pk}/rank/{place}"
        page = open_page(user, path, **options)
        page.wait_for_selector("html[data-ready]")
        return page

    return opened
