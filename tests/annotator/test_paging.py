"""Pages by place: whole in both directions in any order, steady under new rows, deaf to nonsense."""

from __future__ import annotations

import pytest
from django.http import QueryDict
from django.test import RequestFactory

from annotator.errors import InvalidError
from annotator.models import Problem
from annotator.queries.paging import Page, page_of
from annotator.views.pager import page_asked, pager
from tests.factories import ProblemFactory, ProjectFactory

ORDERS = [("pk",), ("-pk",), ("-n_steps", "pk"), ("n_steps", "-max_depth", "pk")]


def walk(rows, order, size=4):
    """Return the pages from the first to the last, and back again to the first."""
    pages = [page_of(rows, order=order, size=size)]
    while pages[-1].next:
        pages.append(page_of(rows, order=order, size=size, after=pages[-1].next))
    back = [pages[-1]]
    while back[-1].previous:
        back.append(page_of(rows, order=order, size=size, before=back[-1].previous))
    return pages, back


@pytest.mark.django_db
@pytest.mark.parametrize("order", ORDERS, ids="/".join)
def test_pages_join_up_in_both_directions(order):
    project = ProjectFactory()
    for i in range(11):
        ProblemFactory(project=project, n_steps=i // 5, max_depth=i // 2 % 2)
    rows = Problem.objects.filter(project=project)
    pages, back = walk(rows, order)
    assert [row for page in pages for row in page.rows] == list(rows.order_by(*order))
    assert [page.rows for page in reversed(back)] == [page.rows for page in pages]
    assert not pages[0].previous


@pytest.mark.django_db
def test_row_that_is_added_moves_no_page():
    project = ProjectFactory()
    made = [ProblemFactory(project=project) for _ in range(4)]
    rows = Problem.objects.filter(project=project)
    first = page_of(rows, size=2)
    ProblemFactory(project=project)
    second = page_of(rows, size=2, after=first.next)
    assert [*first.rows, *second.rows] == made[::-1]
    assert not second.next


@pytest.mark.django_db
@pytest.mark.parametrize("cursor", ["x", "1", "1.2.3", "1.", "-1.2", "1.²", "9" * 5_000 + ".1"])
def test_foreign_cursors_are_refused(cursor):
    with pytest.raises(InvalidError, match="first page"):
        page_of(Problem.objects.all(), order=("-n_steps", "pk"), after=cursor)


def test_empty_list_has_no_neighbours():
    assert Page() == Page(rows=[], next="", previous="")


def test_links_keep_what_else_the_address_says():
    request = RequestFactory().get("/?step=3&jobs-after=9&after=7&before=1")
    links = pager(request, Page(next="5", previous="2"))
    assert QueryDict(links.next[1:]).dict() == {"step": "3", "jobs-after": "9", "after": "5"}
    assert QueryDict(links.previous[1:]).dict() == {"step": "3", "jobs-after": "9", "before": "2"}
    assert page_asked(request) == {"after": "7", "before": "1"}


def test_lists_on_one_page_turn_on_their_own():
    request = RequestFactory().get("/?after=7&jobs-before=9")
    links = pager(request, Page(next="5"), of="jobs")
    assert links.next == "?after=7&jobs-after=5#jobs"
    assert not links.previous
    assert page_asked(request, of="jobs") == {"after": "", "before": "9"}
