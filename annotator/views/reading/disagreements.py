"""Where people, models and methods disagree, over a whole project; people among themselves: Adjudication."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.urls import reverse
from django.views.decorators.http import require_safe

from annotator.errors import InvalidError, NotFoundError
from annotator.numbers import whole_number
from annotator.queries.access import problem_for_user, project_for_user
from annotator.queries.blindness import EVERYTHING
from annotator.queries.trees.difference_kinds import kinds_there
from annotator.queries.trees.differences import LEANS, Wanted, differences
from annotator.queries.trees.problems import ProblemFilter, problem_page
from annotator.queries.trees.sparklines import lines_of
from annotator.views.http import page_or_fragment, wants_fragment
from annotator.views.reading.apart import STEPS_EACH, apart
from annotator.views.reading.compare import compare_address
from scoring.credit.registry import METHODS
from scoring.heatmap import Scale

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import HttpResponse, QueryDict

    from annotator.models import Problem, RewardModel, Step
    from annotator.queries.access import Access
    from annotator.queries.trees.differences import Lean
    from annotator.views.http import HtmxRequest
    from annotator.views.reading.apart import Apart

KINDS = {
    "people": "People and a model",
    "checkers": "Checkers and a model",
    "models": "Two models",
    "methods": "Two methods",
}
RATERS = {"people": ("person", "imported"), "checkers": ("machine",)}
LEASTS = {"": "Any size", "0.25": "0.25 or more", "0.5": "0.5 or more", "1": "1 or more"}
# Methods are computed while the page waits: problems of a page, and steps of all of them.
PROBLEMS_AT_ONCE, STEPS_AT_ONCE = 10, 20_000
RATINGS = Scale(-1.0, 1.0, signed=True, unit="rating", count=0, clipped=0, missing=0)
SHARES = Scale(
    0.0, 1.0, signed=False, unit="probability", count=0, clipped=0, missing=0, neutral=0.5
)


@require_safe
def disagreements(request: HtmxRequest, project: str) -> HttpResponse:
    """List the steps on which two of them differ most; what others said is for reviewers."""
    access = project_for_user(user=request.user, name=project, at_least="reviewer")
    problem = _problem(request, access)
    models, there = kinds_there(project=access.project, problem=problem, raters=RATERS)
    kind = request.GET.get("kind", "") or next(
        (key for key in KINDS if not there[key].empty), next(iter(KINDS))
    )
    if kind not in KINDS:
        known = ", ".join(KINDS)
        raise InvalidError(f"There is no kind of disagreement '{kind[:40]}'; known: {known}.")
    only = f"&problem={problem.pk}" if problem is not None else ""
    context = {
        "kind": kind,
        "kinds": [
            (key, label, f"?kind={key}{only}", there[key].empty) for key, label in KINDS.items()
        ],
        "lacking": there[kind].empty,
        "empties": [(label, there[key].empty) for key, label in KINDS.items() if there[key].empty],
        "problem": problem,
        "only": only,
        "part": wants_fragment(request),
    }
    if kind == "methods":
        context |= _methods(request.GET, access, problem)
    elif not there[kind].empty:
        context |= _scored(request.GET, access, problem, kind, models, there[kind].models)
    return page_or_fragment(
        request,
        "annotator/disagreements.html",
        "annotator/_disagreements.html",
        context,
        access=access,
        section="disagreements" if problem is None else "problems",
    )


def _problem(request: HtmxRequest, access: Access) -> Problem | None:
    """Return the one problem that an address asks for.

    Raises:
        NotFoundError: the project has no such problem.
    """
    said = request.GET.get("problem", "")
    if not said:
        return None
    problem = problem_for_user(
        user=request.user, pk=whole_number(said) or 0, project=access.project.name
    )
    problem.project = access.project
    return problem


def _scored(
    asked: QueryDict,
    access: Access,
    problem: Problem | None,
    kind: str,
    models: Sequence[RewardModel],
    there: Sequence[int],
) -> dict[str, Any]:
    """List steps by the models asked for; not asked for, by the newest with which there are some."""
    two = kind == "models"
    second = _model(models, asked.get("model_b", ""), there[0])
    first = _model(models, asked.get("model_a", ""), there[1]) if two else None
    if first is not None and first.pk == second.pk:
        first = next(row for row in models if row.pk != second.pk)
    least = asked.get("least", "")
    lean = _lean(asked.get("lean", ""))
    wanted = Wanted(
        kinds=RATERS.get(kind, ()),
        model_a=first.pk if first is not None else None,
        model_b=second.pk,
        least=float(least) if least in LEASTS and least else 0.0,
        lean=lean,
        opposite=asked.get("opposite") == "1",
        problem=problem.pk if problem is not None else None,
    )
    found = differences(project=access.project, wanted=wanted, after=asked.get("after", ""))
    by_b = f"prm_score@{second.pk}"
    by = f"prm_score@{first.pk}" if first is not None else _column(kind)
    steps = [row.step for row in found.rows]
    lines = lines_of(access=access, extents=[(step.problem_id, step.pk) for step in steps])
    rows = [
        {
            "found": row,
            "problem": row.step.problem,
            "tree": _tree(row.step, by_b, second.pk, "credit" if two else "labels"),
            "compare": compare_address(
                row.step.problem, a=f"s{row.step.pk}", by=by, b=f"s{row.step.pk}", by_b=by_b
            ),
        }
        for row in found.rows
    ]
    query = asked.copy()
    query["after"] = found.next
    return {
        "models": models,
        "first": first,
        "second": second,
        "rows": rows,
        "lines": lines,
        "found": found,
        "scale": SHARES if two else RATINGS,
        "leasts": LEASTS,
        "least": least,
        "leans": LEANS,
        "lean": lean,
        "opposite": wanted.opposite,
        "paged": bool(asked.get("after")),
        "next": f"?{query.urlencode()}" if found.next else "",
    }


def _methods(asked: QueryDict, access: Access, only: Problem | None) -> dict[str, Any]:
    known = {key: row.label for key, row in METHODS.items() if "score" not in row.needs}
    defaults = [key for key in ("tempo", "leaf_value", *known) if key in known]
    by, by_b = asked.get("by", "") or defaults[0], asked.get("by_b", "") or defaults[1]
    for key in (by, by_b):
        if key not in known:
            raise NotFoundError(
                f"There is no method '{key[:40]}' without a model; known: {', '.join(known)}."
            )
    page, following = [only] if only is not None else [], ""
    if only is None:
        found = problem_page(
            access=access,
            wanted=ProblemFilter(sort="oldest"),
            after=asked.get("after", ""),
            size=PROBLEMS_AT_ONCE,
        )
        page, following = [row.problem for row in found.rows], found.next
    steps, skipped = 0, []
    problems: list[tuple[Apart, list[dict[str, Any]]]] = []
    for problem in page:
        steps += problem.n_steps
        if steps > STEPS_AT_ONCE and problems:
            skipped.append(problem)
            steps -= problem.n_steps
            continue
        problem.project = access.project
        one = apart(problem=problem, sight=EVERYTHING, by=by, by_b=by_b)
        problems.append((one, _apart_links(problem, one.steps, by, by_b)))
    query = asked.copy()
    query["after"] = following
    return {
        "methods": known,
        "names": (known[by], known[by_b]),
        "by": by,
        "by_b": by_b,
        "problems": problems,
        "lines": lines_of(access=access, extents=[(one.problem.pk, None) for one, _ in problems]),
        "skipped": [(problem, compare_address(problem, by=by, by_b=by_b)) for problem in skipped],
        "at_once": PROBLEMS_AT_ONCE,
        "most_steps": STEPS_AT_ONCE,
        "each": STEPS_EACH,
        "paged": bool(asked.get("after")),
        "next": f"?{query.urlencode()}" if following else "",
    }


def _apart_links(
    problem: Problem, steps: Sequence[Any], by: str, by_b: str
) -> list[dict[str, Any]]:
    workbench = reverse("annotator:problem", args=[problem.project.name, problem.pk])
    return [
        {
            "step": step,
            "tree": f"{workbench}?{urlencode({'step': step.pk, 'by': by})}",
            "compare": compare_address(problem, a=f"s{step.pk}", by=by, b=f"s{step.pk}", by_b=by_b),
        }
        for step in steps
    ]


def _tree(step: Step, by: str, model: int, tab: str) -> str:
    address = reverse("annotator:problem", args=[step.problem.project.name, step.problem_id])
    told: dict[str, object] = {"step": step.pk, "by": by, "model": model}
    if tab != "credit":
        told["tab"] = tab
    return f"{address}?{urlencode(told)}"


def _model(models: Sequence[RewardModel], said: str, otherwise: int) -> RewardModel:
    """Return the model that an address names, else the one with the id ``otherwise``.

    Raises:
        NotFoundError: there is none with scores here.
    """
    wanted = whole_number(said) if said else otherwise
    found = next((row for row in models if row.pk == wanted), None)
    if found is None:
        raise NotFoundError("This project has no such model with scores.")
    return found


def _lean(said: str) -> Lean:
    return next((lean for lean in LEANS if lean == said), "")


def _column(kind: str) -> str:
    return "human" if kind == "people" else "checker"
