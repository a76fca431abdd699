"""What reviewers read of an order: the page of its queue says why each item stands where it does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import reverse

from annotator.services.queues.orders.registry import ORDERS
from tests.annotator.orders.data import ready_for_all

pytestmark = pytest.mark.django_db
LOOKED_UP = re.compile(r"\{% for (?:\w+, \w+ in [\w.]+\.items|\w+ in [\w.]+\.(?:keys|values)) %\}")


@pytest.mark.parametrize("key", ORDERS)
def test_the_page_of_a_filled_queue_says_why_each_item_is_there(key, client_for):
    world, model = ready_for_all()
    queue = world.queue(order=key, task=ORDERS[key].tasks[-1], model=model)
    items = list(queue.items.order_by("position")[:50])
    answer = client_for(world.owner).get(
        reverse("annotator:queue", args=[world.project.name, queue.pk])
    )
    assert answer.status_code == 200
    page = " ".join(answer.content.decode().split())
    assert page.count('id="item-') == len(items) > 0
    for name, value in (items[0].why or {}).items():
        assert f"{name} {value:.3f}".replace("-", "−") in page


def test_no_template_asks_a_dictionary_for_its_items_by_name():
    # A key of that name, which files and people may choose, would be found before the method.
    folder = Path(settings.BASE_DIR) / "templates"
    found = {
        f"{path.name}: {said}"
        for path in folder.rglob("*.html")
        for said in LOOKED_UP.findall(path.read_text())
    }
    assert found <= set()
