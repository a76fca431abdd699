"""Where a problem's page is, what was rated there, and what is selected on it."""

from __future__ import annotations

from annotator.models import StepLabel

SAVED = "#saved:has-text('Saved ')"


def address(problem, query=""):
    return f"/p/{problem.project.name}/problems/{problem.pk}/{query}"


def ratings(problem):
    rows = StepLabel.objects.filter(step__problem=problem).order_by("step__preorder")
    return list(rows.values_list("step__preorder", "rating"))


def selected(page):
    row = page.locator(".outline .row[aria-selected=true]")
    return int(row.get_attribute("data-pos"))
