"""Pages of evaluations: no violation that axe-core can see, and nothing beyond a phone's edge."""

from __future__ import annotations

import pytest

from tests.annotator.evaluations.data import evaluated, measured, model_of
from tests.browser.test_accessibility import violations
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db(transaction=True)
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 390)])
def test_the_pages_of_evaluations_are_fit_for_everybody(open_page, theme, width):
    owner = UserFactory.create(username="owner")
    project = measured(owner, problems=6)
    one, two = model_of(project, "one", leave=2), model_of(project, "two", seed=2)
    base = f"/p/{project.name}"
    addresses = [
        f"{base}/evaluations/{evaluated(one).pk}/",
        f"{base}/evaluations/{evaluated(one, against=two).pk}/",
        f"{base}/models/{one.pk}/evaluate/",
        f"{base}/models/{one.pk}/",
    ]
    page = open_page(owner, "/", color_scheme=theme, viewport={"width": width, "height": 800})
    origin = page.evaluate("location.origin")
    found = {}
    for address in addresses:
        page.goto(origin + address)
        page.locator("main details").evaluate_all(
            "all => all.forEach((one) => { one.open = true })"
        )
        found[address] = violations(page), page.evaluate(WIDER)
    assert {name: said for name, said in found.items() if said != ([], 0)} == {}
