"""Agreement: read the newest report of a scope, ask for the next one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from annotator.api.base import ApiView
from annotator.api.serializers.agreement import AgreementOut, ScopeIn
from annotator.api.shapes.jobs import job_shape
from annotator.queries.access import project_for_user
from annotator.queries.agreement.reports import agreement_state, raters_of_report
from annotator.queries.agreement.scope import Scope, scope_checked
from annotator.services.agreement import agreement_request

if TYPE_CHECKING:
    from rest_framework.request import Request

    from annotator.models import Project
    from annotator.queries.agreement.reports import AgreementState


class Agreement(ApiView):
    """How far the annotators of a project agree; for reviewers."""

    @extend_schema(operation_id="agreement_retrieve", parameters=[ScopeIn], responses=AgreementOut)
    def get(self, request: Request, name: str) -> Response:
        """Show the newest report; nothing is computed."""
        project = project_for_user(user=self.person, name=name, at_least="reviewer").project
        scope = _scope(project, request.query_params)
        return Response(_shape(project, scope, agreement_state(project=project, scope=scope)))

    @extend_schema(
        operation_id="agreement_compute",
        request=ScopeIn,
        responses={200: AgreementOut, 202: AgreementOut},
    )
    def post(self, request: Request, name: str) -> Response:
        """Queue a computation where judgements are newer than the report; 200 = it is fresh."""
        project = project_for_user(user=self.person, name=name, at_least="reviewer").project
        scope = _scope(project, request.data)
        state = agreement_request(project=project, scope=scope, user=self.person, again=True)
        return Response(_shape(project, scope, state), status=200 if state.is_fresh else 202)


def _scope(project: Project, said: Any) -> Scope:
    read = ScopeIn(data=said)
    read.is_valid(raise_exception=True)
    asked = dict(read.validated_data)
    return scope_checked(project=project, kinds=asked.pop("kind"), **asked)


def _shape(project: Project, scope: Scope, state: AgreementState) -> dict[str, Any]:
    report = state.report
    raters = raters_of_report(report=report) if report else []
    return {
        "scope": scope.stored(),
        "fresh": state.is_fresh,
        "version": report.version if report else None,
        "newer": state.newer,
        "gold_changed": state.gold_changed,
        "computed": report.created if report else None,
        "job": job_shape(state.job) if state.job else None,
        "raters": [{"id": rater.pk, "name": rater.name, "kind": rater.kind} for rater in raters],
        "report": report.payload if report else None,
    }
