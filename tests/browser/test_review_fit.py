"""Review pages at the widths at which they were found not to fit."""

from __future__ import annotations

import pytest

from annotator.models import Queue
from annotator.services.judgements.labels import label_set
from tests.annotator.workbench_data import GAME, member, project_with_types, write_problem
from tests.browser.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)
OUTSIDE = """Array.from(document.querySelectorAll('.case *')).filter((e) => {
  const box = e.getBoundingClientRect();
  return box.width && box.right > innerWidth + 1 && !e.closest('.katex, .visually-hidden');
}).map((e) => e.outerHTML.slice(0, 80))"""


@pytest.fixture
def project():
    return project_with_types()


def test_what_repairs_an_error_says_so_inside_a_phone(open_page, project):
    _, steps = write_problem(project, "Reach 24 with 4, 5, 6 and 10.", GAME, "24")
    rea = member(project, "rea", "reviewer")
    for name, rating in (("ann", 1), ("bob", -1), ("rea", 0)):
        person = member(project, name, "reviewer" if name == "rea" else "annotator")
        label_set(step=steps[1], user=person, rating=rating, realises_error=True)
    size = {"width": 390, "height": 844}
    path = f"/p/{project.name}/adjudication/steps/{steps[1].pk}/"
    page = open_page(rea, path, viewport=size)
    until(page, lambda: page.locator("text=repairs an earlier error").count() == 4)
    assert page.evaluate(OUTSIDE) == []
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_show_stands_on_the_line_of_the_filters(open_page, project):
    for name in ("A rather long name of a queue of work", "Exam"):
        Queue.objects.create(project=project, name=name, task="first_error")
    page = open_page(member(project, "rea", "reviewer"), f"/p/{project.name}/agreement/")
    boxes = page.evaluate(
        "Array.from(document.querySelectorAll('.agreement-filters > *')).map((e) =>"
        " [e.className, ...['left', 'right', 'bottom'].map("
        "(side) => Math.round(e.getBoundingClientRect()[side]))])"
    )
    bottoms = [bottom for *_, bottom in boxes]
    assert max(bottoms) - min(bottoms) <= 6, boxes
