"""Addresses of the workbench."""

from __future__ import annotations

HTMX = {"HX-Request": "true"}


def address(problem, rest=""):
    return f"/p/{problem.project.name}/problems/{problem.pk}/{rest}"
