"""Files dropped on the import form are sent like chosen ones."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from annotator.models import Job
from tests.annotator.queue_world import queue_world
from tests.browser.waiting import PATIENCE

pytestmark = pytest.mark.django_db(transaction=True)
DROP = """([form, over]) => {
  const held = new DataTransfer();
  held.items.add(new File(['{"question": "1 + 1?", "answer": "2\\n#### 2"}\\n'], "drop.jsonl"));
  const sent = { dataTransfer: held, bubbles: true, cancelable: true };
  return !form.querySelector(over).dispatchEvent(new DragEvent("dragover", sent))
    && form.classList.contains("dropping")
    && !form.querySelector(over).dispatchEvent(new DragEvent("drop", sent))
    && !form.classList.contains("dropping");
}"""


def test_a_file_dropped_anywhere_on_the_form_is_imported(open_page):
    world = queue_world(traces=1)
    page = open_page(world.owner, f"/p/{world.project.name}/import/")
    form = page.locator("form.import-form")
    assert page.evaluate(DROP, [form.element_handle(), "fieldset legend"])
    expect(page.locator("#file-said")).to_contain_text("drop.jsonl", timeout=PATIENCE * 1000)
    page.get_by_role("button", name="Import").click()
    expect(page).to_have_url(re.compile(r"/jobs/\d+/"), timeout=PATIENCE * 1000)
    assert Job.objects.get(kind=Job.Kind.IMPORT).args["name"] == "drop.jsonl"
