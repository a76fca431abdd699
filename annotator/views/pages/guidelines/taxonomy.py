"""The error taxonomy of a project: everybody reads it, owners edit it as a tree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from annotator.errors import AnnotatorError, InvalidError
from annotator.queries.access import project_for_user
from annotator.queries.guidelines.taxonomy import error_type_of, taxonomy_of
from annotator.services.guidelines.taxonomy import (
    error_type_add,
    error_type_delete,
    error_type_move,
    error_type_rename,
    error_type_retire,
)
from annotator.services.judgements.relabel import error_type_labels_move
from annotator.views.http import page

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User
    from django.http import HttpResponse

    from annotator.models import ErrorType
    from annotator.queries.access import Access
    from annotator.views.http import HtmxRequest


class NodeForm(forms.Form):
    """What an owner says of a node; which field counts depends on the verb."""

    label = forms.CharField(required=False, max_length=200, strip=True)
    parent = forms.CharField(required=False, max_length=40)
    place = forms.IntegerField(required=False, min_value=0, max_value=1_000)
    to = forms.CharField(required=False, max_length=40)


@never_cache
@require_http_methods(["GET", "POST"])
def taxonomy(request: HtmxRequest, project: str) -> HttpResponse:
    """Show the tree; an owner adds a node."""
    posted = request.method == "POST"
    access = project_for_user(
        user=request.user, name=project, at_least="owner" if posted else "viewer"
    )
    if not posted:
        return _page(request, access)
    try:
        data = _sent(request)
        added = error_type_add(
            project=access.project, label=data["label"], parent=_parent(access, data["parent"])
        )
    except AnnotatorError as error:
        return _page(request, access, error=error, typed=request.POST.get("label", ""))
    messages.success(request, f"'{added.label}' is offered from now on.")
    return redirect("annotator:taxonomy", access.project.name)


@require_POST
def error_type_edit(request: HtmxRequest, project: str, error_type: str, verb: str) -> HttpResponse:
    """Carry out one change of a node."""
    access = project_for_user(user=request.user, name=project, at_least="owner")
    node = error_type_of(project=access.project, key=error_type)
    change = VERBS.get(verb)
    try:
        if change is None:
            raise InvalidError(f"A node can be changed by {', '.join(VERBS)}, not by '{verb}'.")
        said = change(access, node, _sent(request), request.user)
    except AnnotatorError as error:
        return _page(request, access, error=error, failed=node.key)
    messages.success(request, said)
    return redirect("annotator:taxonomy", access.project.name)


def _page(
    request: HtmxRequest,
    access: Access,
    *,
    error: AnnotatorError | None = None,
    failed: str = "",
    typed: str = "",
) -> HttpResponse:
    context = {
        "nodes": taxonomy_of(project=access.project),
        "error": error.message if error else "",
        "failed": failed,
        "typed": typed,
    }
    return page(
        request,
        "annotator/taxonomy.html",
        context,
        access=access,
        section="taxonomy",
        status=error.status if error else 200,
    )


def _sent(request: HtmxRequest) -> dict[str, Any]:
    form = NodeForm(request.POST)
    if form.is_valid():
        return form.cleaned_data
    fields = {name: " ".join(map(str, said)) for name, said in form.errors.items()}
    raise InvalidError("; ".join(fields.values()), fields=fields)


def _parent(access: Access, key: str) -> ErrorType | None:
    return error_type_of(project=access.project, key=key) if key else None


def _rename(access: Access, node: ErrorType, data: dict[str, Any], user: User) -> str:
    del access, user
    return f"Renamed to '{error_type_rename(error_type=node, label=data['label']).label}'."


def _move(access: Access, node: ErrorType, data: dict[str, Any], user: User) -> str:
    del user
    parent = _parent(access, data["parent"])
    error_type_move(error_type=node, parent=parent, place=data["place"])
    return f"'{node.label}' stands {f'below {parent.label}' if parent else 'at the top level'} now."


def _retire(access: Access, node: ErrorType, data: dict[str, Any], user: User) -> str:
    del access, data, user
    error_type_retire(error_type=node)
    return f"'{node.label}' is no longer offered. Labels that have it keep it."


def _restore(access: Access, node: ErrorType, data: dict[str, Any], user: User) -> str:
    del access, data, user
    error_type_retire(error_type=node, retired=False)
    return f"'{node.label}' is offered again."


def _delete(access: Access, node: ErrorType, data: dict[str, Any], user: User) -> str:
    del access, data, user
    error_type_delete(error_type=node)
    return f"'{node.label}' is deleted."


def _labels(access: Access, node: ErrorType, data: dict[str, Any], user: User) -> str:
    to = error_type_of(project=access.project, key=data["to"])
    moved = error_type_labels_move(error_type=node, to=to, user=user)
    return f"{moved:,} label{'' if moved == 1 else 's'} went from '{node.label}' to '{to.label}'."


VERBS: dict[str, Callable[[Access, ErrorType, dict[str, Any], User], str]] = {
    "rename": _rename,
    "move": _move,
    "retire": _retire,
    "restore": _restore,
    "delete": _delete,
    "labels": _labels,
}
