"""What a training run would need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from annotator.api.base import ApiView
from annotator.api.jobs import chosen_snapshot
from annotator.api.serializers.estimates import TrainingEstimateOut, TrainingRunIn
from annotator.queries.access import project_for_user
from annotator.services.models.estimates import train_estimate

if TYPE_CHECKING:
    from rest_framework.request import Request


class TrainingEstimate(ApiView):
    """What a training run would need."""

    @extend_schema(
        operation_id="training_estimate", request=TrainingRunIn, responses=TrainingEstimateOut
    )
    def post(self, request: Request, name: str) -> Response:
        """Say memory, time and passes over the data as ranges; nothing is queued."""
        said = self.checked(TrainingRunIn)
        access = project_for_user(user=self.person, name=name, at_least="reviewer")
        found = train_estimate(
            project=access.project,
            settings=said["settings"],
            kind=said["reward_model_kind"],
            base=said["base"],
            snapshot=chosen_snapshot(access, self.person, said["snapshot"]),
        )
        return Response(found.to_dict())
