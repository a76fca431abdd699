"""Members of a project. Inviting a new person is left to the page: a token makes no accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from annotator.api.base import ApiView
from annotator.api.serializers.members import MemberIn, MemberList, MemberOut, MemberPatch
from annotator.api.shapes.projects import member_shape
from annotator.queries.access import project_for_user
from annotator.queries.people.members import member_of, members_counted
from annotator.services.people.members import member_add, member_remove, member_set

if TYPE_CHECKING:
    from rest_framework.request import Request

    from annotator.models import Membership
    from annotator.queries.access import Access


class Members(ApiView):
    """The members of a project."""

    @extend_schema(operation_id="members_list", responses=MemberList)
    def get(self, request: Request, name: str) -> Response:
        """List members, owners first."""
        access = project_for_user(user=self.person, name=name)
        rows = members_counted(access=access)
        return Response({"results": [member_shape(row) for row in rows]})

    @extend_schema(operation_id="members_add", request=MemberIn, responses={201: MemberOut})
    def post(self, request: Request, name: str) -> Response:
        """Add somebody who has an account; owners only."""
        access = project_for_user(user=self.person, name=name, at_least="owner")
        added = member_add(project=access.project, **self.checked(MemberIn))
        return Response(_shown(access, added), status=201)


class MemberDetail(ApiView):
    """One member."""

    @extend_schema(operation_id="members_update", request=MemberPatch, responses=MemberOut)
    def patch(self, request: Request, name: str, pk: int) -> Response:
        """Give a member another role; owners only, and one owner stays."""
        access = project_for_user(user=self.person, name=name, at_least="owner")
        user = member_of(project=access.project, user_id=pk).user
        said = self.checked(MemberPatch)
        return Response(_shown(access, member_set(project=access.project, user=user, **said)))

    @extend_schema(operation_id="members_remove", request=None, responses={204: None})
    def delete(self, request: Request, name: str, pk: int) -> Response:
        """End a membership: an owner may end anybody's, everybody their own."""
        access = project_for_user(user=self.person, name=name)
        member_remove(access=access, user_id=pk)
        return Response(status=204)


def _shown(access: Access, member: Membership) -> dict[str, object]:
    return member_shape(members_counted(access=access).get(pk=member.pk))
