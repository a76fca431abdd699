"""The picker of colours: every method by family with what it answers, what it lacks and its settings."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
from django.shortcuts import render
from django.views.decorators.http import require_GET

from annotator.queries.credit.choices import SEARCH_VALUE, param_text
from annotator.queries.credit.colored import reads_scores
from annotator.queries.credit.coloring import OTHERS
from annotator.views.workbench.credits import SEARCHED, credit_row
from annotator.views.workbench.page import open_bench
from scoring.credit.registry import FAMILIES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpRequest, HttpResponse

    from annotator.queries.credit.colored import Coloring
    from annotator.queries.credit.coloring import Colorings
    from annotator.views.workbench.reader import Workbench
    from scoring.credit.base import MethodRow
    from scoring.params import Param


@require_GET
def credit_menu(request: HttpRequest, project: str, pk: int) -> HttpResponse:
    """Show the picker with the choice of the URL in it."""
    bench = open_bench(request, project, pk)
    context = menu_context(bench.colorings, bench.coloring) | {
        "scale": bench.state.scale,
        "has_trace": bench.path.trace is not None,
    }
    return render(request, "annotator/workbench_menu.html", context)


@require_GET
def credit_here(request: HttpRequest, project: str, pk: int) -> HttpResponse:
    """Show the chosen step by every method that has what it needs."""
    bench = open_bench(request, project, pk)
    return render(request, "annotator/workbench_credits.html", {"credits": _all_credits(bench)})


def menu_context(colorings: Colorings, chosen: Coloring) -> dict[str, Any]:
    """Return methods in groups: what can be shown by family, then the rest by what is lacking.

    The chosen method has the settings that it has now.
    """
    methods = [
        {"family": name, **_method(colorings, row, chosen)}
        for name, rows in FAMILIES.items()
        for row in rows
    ]
    if np.isfinite(colorings.columns.value).any():
        methods.append({"family": OTHERS, **_search_value(chosen)})
    usable = [method for method in methods if not method["missing"]]
    families = dict.fromkeys(method["family"] for method in usable)
    lacking = Counter(method["missing"] for method in methods if method["missing"])
    groups = [
        {"name": name, "methods": [one for one in usable if one["family"] == name]}
        for name in families
    ]
    groups += [
        {
            "name": f"{reason}.",
            "lacking": True,
            "methods": [one for one in methods if one["missing"] == reason],
        }
        for reason, _ in lacking.most_common()
    ]
    return {"groups": groups, "count": len(methods), "usable": len(usable)}


def _method(colorings: Colorings, row: MethodRow, chosen: Coloring) -> dict[str, Any]:
    current = chosen.row is not None and chosen.row.key == row.key
    sources = colorings.sources(row) if reads_scores(row) else []
    always = "score" in row.needs
    params, missing = colorings.ready(row, next(iter(sources), None) if always else None)
    if missing and sources and not always:
        params, missing = colorings.ready(row, sources[0])
    with_model = bool(params) and "score" in row.needs_with(params)
    if current:
        params = dict(chosen.params or {})
    return {
        "key": row.key,
        "label": row.label,
        "summary": row.summary,
        "unit": row.unit,
        "signed": row.signed,
        "confidence": row.confidence,
        "known_from": row.known_from,
        "source": row.source,
        "current": current,
        "missing": missing and f"{missing[:1].upper()}{missing[1:]}",
        "lacks_now": chosen.missing if current and not missing else "",
        "sources": [
            {
                "key": f"{one.model.pk}.{one.part}" if one.part else str(one.model.pk),
                "label": str(one),
                "current": one == chosen.said if current else with_model and one is sources[0],
            }
            for one in sources
        ],
        "may_be_none": not always,
        "params": [_field(param, params) for param in row.params],
    }


def _search_value(chosen: Coloring) -> dict[str, Any]:
    return {
        "key": SEARCH_VALUE,
        "label": "Search value",
        "summary": SEARCHED,
        "unit": "as imported",
        "current": chosen.key == SEARCH_VALUE,
        "missing": "",
        "sources": [],
        "params": [],
    }


def _field(param: Param, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return a parameter as a form draws it: a list of choices, a number or a name."""
    value = params.get(param.name, param.default)
    return {
        "name": param.name,
        "meaning": param.meaning,
        "value": param_text(value),
        "default": param_text(param.default),
        "choices": [(param_text(one), word, one == value) for one, word in param.menu],
        "range": "" if param.choices else param.range,
        "word": param.word,
    }


def _all_credits(bench: Workbench) -> list[dict[str, Any]]:
    """Return the step's number by every method and model, unusable ones left out."""
    at = bench.step.preorder if bench.step is not None else 0
    return [
        credit_row(bench, coloring, at)
        for coloring in bench.colorings.every_method()
        if not coloring.missing
    ]
