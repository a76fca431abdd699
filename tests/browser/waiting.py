"""What the browser tests wait for: never for a time, always for what they say next."""

from __future__ import annotations

import time

import pytest

PATIENCE = 20.0  # seconds; only a test that fails waits so long
PAUSE = 25  # milliseconds between two looks


def until(page, condition):
    """Wait until a condition is true: a text is JavaScript, a function is called here.

    Playwright's own ``wait_for_function`` evaluates text, which the policy of the pages refuses.
    """
    look = (lambda: page.evaluate(condition)) if isinstance(condition, str) else condition
    end = time.monotonic() + PATIENCE
    while not look():
        if time.monotonic() > end:
            pytest.fail(f"never true: {condition}")
        page.wait_for_timeout(PAUSE)  # the browser's own events go on meanwhile


def eventually(page, read, wanted):
    """Wait until ``read()`` is what is wanted, of a page or of the database; show what it is else."""
    end = time.monotonic() + PATIENCE
    while (found := read()) != wanted:
        if time.monotonic() > end:
            pytest.fail(f"is {found!r} and not {wanted!r}")
        page.wait_for_timeout(PAUSE)


def close_dialog(page, dialog):
    """Press Escape and wait until the dialog is closed."""
    page.keyboard.press("Escape")
    page.wait_for_selector(f"{dialog}:not([open])", state="attached")


class Gate:
    """Requests that match a pattern wait until the test lets them pass."""

    def __init__(self, page, pattern):
        self.page = page
        self.waiting = []
        self.is_open = False
        page.route(pattern, self._arrive)

    def _arrive(self, route):
        if self.is_open:
            route.continue_()
        else:
            self.waiting.append(route)

    def expect(self):
        """Wait until a request stands at the gate."""
        until(self.page, lambda: self.waiting)

    def let_one_pass(self):
        self.expect()
        self.waiting.pop(0).continue_()

    def open(self):
        """Let all pass that stand here and all that come."""
        self.is_open = True
        while self.waiting:
            self.waiting.pop(0).continue_()

    def refuse(self):
        """Cut what stands here, as a lost connection does."""
        self.expect()
        while self.waiting:
            self.waiting.pop(0).abort()
