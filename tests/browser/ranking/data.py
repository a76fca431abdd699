"""The fork that is ranked, and what the tests of its pages press and read."""

from __future__ import annotations

from tests.annotator.workbench_data import Node

FORK = (
    Node("4 * 5 = 20 (left: 6 10 20)"),
    Node("6 + 10 = 16 (left: 16 20)", 0, outcomes=[0.0]),
    Node("10 - 6 = 4 (left: 4 20)", 0),
    Node("4 + 20 = 24 (left: 24)", 2, outcomes=[1.0]),
    Node("20 - 4 = 16 (left: 16)", 2, outcomes=[0.0]),
    Node("20 - 6 = 14 (left: 10 14)", 0),
    Node("10 + 14 = 24 (left: 24)", 5, outcomes=[1.0]),
    Node("20 / 10 = 2 (left: 2 6)", 0, outcomes=[0.0]),
)


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)
    return len(keys)


def current(page):
    return int(page.locator(".rk-card.current").get_attribute("data-item"))


def shown_part(page, selector):
    """Return the share of an element's height that no pane, bar or edge hides."""
    return page.evaluate(
        """(selector) => {
            const part = document.querySelector(selector);
            const { left, top, width, height } = part.getBoundingClientRect();
            const on = (n) => document.elementFromPoint(left + width / 2, top + 4 + (n * (height - 8)) / 8);
            const seen = [...Array(9).keys()].filter((n) => part.contains(on(n)));
            return seen.length / 9;
        }""",
        selector,
    )


def saved(page, label):
    page.wait_for_selector(f"#rk-saved:has-text('{label} saved')")
