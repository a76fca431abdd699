"""The error taxonomy of a project."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from annotator.api.base import ApiView
from annotator.api.serializers.taxonomy import (
    ErrorTypeIn,
    ErrorTypeList,
    ErrorTypeOut,
    ErrorTypePatch,
    LabelsMoved,
    LabelsMoveIn,
)
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

if TYPE_CHECKING:
    from rest_framework.request import Request

    from annotator.models import ErrorType
    from annotator.queries.access import Access


class Taxonomy(ApiView):
    """The tree of error types."""

    @extend_schema(operation_id="error_types_list", responses=ErrorTypeList)
    def get(self, request: Request, name: str) -> Response:
        """List every node in the order of the tree, retired ones too."""
        access = project_for_user(user=self.person, name=name)
        return Response({"results": _nodes(access)})

    @extend_schema(
        operation_id="error_types_add", request=ErrorTypeIn, responses={201: ErrorTypeOut}
    )
    def post(self, request: Request, name: str) -> Response:
        """Add a node behind its siblings; owners only."""
        access = project_for_user(user=self.person, name=name, at_least="owner")
        said = self.checked(ErrorTypeIn)
        added = error_type_add(
            project=access.project, label=said["label"], parent=_parent(access, said["parent"])
        )
        return Response(_node(access, added), status=201)


class TaxonomyNode(ApiView):
    """One error type."""

    @extend_schema(
        operation_id="error_types_update", request=ErrorTypePatch, responses=ErrorTypeOut
    )
    def patch(self, request: Request, name: str, error_type: str) -> Response:
        """Rename, move, retire or offer again; owners only."""
        access = project_for_user(user=self.person, name=name, at_least="owner")
        node = error_type_of(project=access.project, key=error_type)
        said = self.checked(ErrorTypePatch)
        with transaction.atomic():
            if "label" in said:
                error_type_rename(error_type=node, label=said["label"])
            if "parent" in said or "place" in said:
                parent = _parent(access, said["parent"]) if "parent" in said else node.parent
                error_type_move(error_type=node, parent=parent, place=said.get("place"))
            if "retired" in said:
                error_type_retire(error_type=node, retired=said["retired"])
        return Response(_node(access, node))

    @extend_schema(operation_id="error_types_delete", request=None, responses={204: None})
    def delete(self, request: Request, name: str, error_type: str) -> Response:
        """Delete a node that nothing uses; owners only. 409 `in_use` says what to do instead."""
        access = project_for_user(user=self.person, name=name, at_least="owner")
        error_type_delete(error_type=error_type_of(project=access.project, key=error_type))
        return Response(status=204)


class TaxonomyLabels(ApiView):
    """The labels of an error type."""

    @extend_schema(
        operation_id="error_types_move_labels", request=LabelsMoveIn, responses=LabelsMoved
    )
    def post(self, request: Request, name: str, error_type: str) -> Response:
        """Give all labels of the node another type; owners only."""
        access = project_for_user(user=self.person, name=name, at_least="owner")
        node = error_type_of(project=access.project, key=error_type)
        to = error_type_of(project=access.project, key=self.checked(LabelsMoveIn)["to"])
        return Response({"moved": error_type_labels_move(error_type=node, to=to, user=self.person)})


def _parent(access: Access, key: str) -> ErrorType | None:
    return error_type_of(project=access.project, key=key) if key else None


def _nodes(access: Access) -> list[dict[str, Any]]:
    nodes = taxonomy_of(project=access.project)
    keys = {node.type.pk: node.type.key for node in nodes}
    return [
        {
            "key": node.type.key,
            "label": node.type.label,
            "parent": keys.get(node.type.parent_id or 0, ""),
            "depth": node.depth,
            "retired": node.type.retired,
            "labels": node.labels if access.may_review else None,
        }
        for node in nodes
    ]


def _node(access: Access, error_type: ErrorType) -> dict[str, Any]:
    return next(row for row in _nodes(access) if row["key"] == error_type.key)
