"""Credit of a problem's steps by a method, as the workbench colours them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response

from annotator.api.base import ApiView, optional_id
from annotator.api.serializers.credit import CreditOut, MethodList
from annotator.errors import InvalidError, NotFoundError
from annotator.queries.access import access_to, problem_for_user
from annotator.queries.blindness import sight_of
from annotator.queries.credit.choices import SEARCH_VALUE, params_from, read_key, write_key
from annotator.queries.credit.coloring import Colorings
from annotator.queries.trees.paths import trace_ending_at
from scoring.credit.registry import FAMILIES

if TYPE_CHECKING:
    from rest_framework.request import Request

    from annotator.models import Problem
    from annotator.queries.credit.colored import Coloring
    from scoring.tree import FloatArray

OWN = ("method", "model", "part", "end", "project")
"""Names in the query that are no parameters of a method."""


class ProblemCredit(ApiView):
    """Credit of one problem."""

    @extend_schema(
        operation_id="problems_credit",
        parameters=[
            OpenApiParameter("method", str, description="Key of the method; without it, TEMPO."),
            OpenApiParameter("model", int, description="Id of the model whose scores it reads."),
            OpenApiParameter("part", int, description="What that model says beside its score."),
            OpenApiParameter(
                "end", int, description="Step where a trace ends: its own numbers too."
            ),
            OpenApiParameter(
                "params", str, description="Any parameter of the method under its own name: ddof=0."
            ),
        ],
        responses=CreditOut,
    )
    def get(self, request: Request, pk: int) -> Response:
        """Give every step its number, with what made it; what is hidden from the person is left out."""
        problem, colorings = self._colorings(pk)
        coloring = colorings.coloring(_key(request, colorings))
        if coloring.missing:
            raise InvalidError(coloring.missing, code="missing_input")
        ids = colorings.columns.ids[1:].tolist()
        values = zip(ids, _plain(coloring.values[1:]), strict=True)
        body = _about(problem, coloring) | {
            "steps": [{"step": step, "credit": value} for step, value in values],
            "trace": self._trace(request, problem, colorings, coloring),
        }
        return Response(body)

    def _trace(
        self, request: Request, problem: Problem, colorings: Colorings, coloring: Coloring
    ) -> list[dict[str, Any]] | None:
        end = optional_id(request, "end")
        if end is None:
            return None
        trace = trace_ending_at(problem=problem, end_id=end)
        if trace is None:
            raise NotFoundError(f"No trace of problem {problem.pk} ends at a step {end}.")
        at = colorings.tree.path(trace.end.preorder).tolist()
        values = _plain(coloring.along(end, at))
        steps = colorings.columns.ids[at].tolist()
        return [{"step": step, "credit": value} for step, value in zip(steps, values, strict=True)]

    def _colorings(self, pk: int) -> tuple[Problem, Colorings]:
        problem = problem_for_user(user=self.person, pk=pk)
        access = access_to(user=self.person, project=problem.project)
        sight = sight_of(access=access, problem=problem)
        return problem, Colorings(problem, sight, user_id=access.user_id)


class ProblemMethods(ProblemCredit):
    """The methods of one problem."""

    @extend_schema(operation_id="problems_methods", responses=MethodList)
    def get(self, request: Request, pk: int) -> Response:
        """List every method with its parameters and what it lacks for this problem."""
        _, colorings = self._colorings(pk)
        found = []
        for family, rows in FAMILIES.items():
            for row in rows:
                said = next(iter(colorings.sources(row)), None) if "score" in row.needs else None
                found.append(
                    {
                        "method": row.key,
                        "label": row.label,
                        "family": family,
                        "summary": row.summary,
                        "confidence": row.confidence,
                        "needs": list(row.needs),
                        "missing": colorings.missing(row, said),
                        "params": [
                            {"name": one.name, "default": one.default, "allowed": one.range}
                            for one in row.params
                        ],
                    }
                )
        return Response({"results": found})


def _key(request: Request, colorings: Colorings) -> str:
    """Return the key of the query's choice.

    Raises:
        NotFoundError: no such method or parameter; names the known ones.
    """
    query = request.query_params
    method = query.get("method") or colorings.default()
    if method == SEARCH_VALUE:
        return method
    row = read_key(method.partition(":")[0].partition("@")[0]).row
    given = {name: str(query[name]) for name in query if name not in OWN}
    key = write_key(row, params_from(row, given))
    model, part = optional_id(request, "model"), optional_id(request, "part")
    source = f"@{model}{f'.{part}' if part else ''}" if model is not None else ""
    return key + source


def _about(problem: Problem, coloring: Coloring) -> dict[str, Any]:
    row = coloring.row
    return {
        "problem": problem.pk,
        "key": coloring.key,
        "method": row.key if row is not None else coloring.key,
        "version": row.version if row is not None else "",
        "params": dict(coloring.params or {}),
        "model": coloring.said.model.pk if coloring.said is not None else None,
        "models": list(coloring.used),
        "unit": coloring.scale.unit,
        "signed": coloring.scale.signed,
        "by_trace": coloring.per_trace is not None,
        "no_signal": coloring.no_signal,
        "confidence": row.confidence if row is not None else "",
        "source": coloring.source,
        "made_by": coloring.made_by,
        "notes": list(coloring.notes),
    }


def _plain(values: FloatArray) -> list[float | None]:
    return [value if np.isfinite(value) else None for value in values.tolist()]
