"""Routes of the JSON API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import path, re_path
from drf_spectacular.utils import extend_schema

from annotator.api import (
    account,
    adjudications,
    agreement,
    attributions,
    comments,
    contradictions,
    credit,
    datasets,
    disagreements,
    estimates,
    evaluations,
    guidelines,
    history,
    inbox,
    jobs,
    judging,
    members,
    models,
    problems,
    projects,
    quality,
    queues,
    rankings,
    taxonomy,
)
from annotator.api.base import ApiView
from annotator.errors import NotFoundError

if TYPE_CHECKING:
    from rest_framework.response import Response


@extend_schema(exclude=True)
class Nothing(ApiView):
    """Every address that is not one of this API: an error in its shape, not a page."""

    def get(self, *_: object, **__: object) -> Response:
        """Say that there is nothing here."""
        raise NotFoundError("There is nothing at this address. See /api/v1/schema/.")

    post = put = patch = delete = get


P = "projects/<str:name>/"
ROUTES: tuple[tuple[str, type[ApiView], str], ...] = (
    ("projects/", projects.Projects, "projects"),
    (f"{P}", projects.ProjectDetail, "project"),
    (f"{P}problems/", projects.ProjectProblems, "project-problems"),
    (f"{P}uploads/", projects.ProjectUploads, "project-uploads"),
    (f"{P}estimate/", estimates.TrainingEstimate, "training-estimate"),
    (f"{P}members/", members.Members, "members"),
    (f"{P}members/<int:pk>/", members.MemberDetail, "member"),
    (f"{P}members/<int:pk>/pause/", quality.MemberPause, "member-pause"),
    (f"{P}taxonomy/", taxonomy.Taxonomy, "taxonomy"),
    (f"{P}taxonomy/<str:error_type>/", taxonomy.TaxonomyNode, "error-type"),
    (f"{P}taxonomy/<str:error_type>/labels/", taxonomy.TaxonomyLabels, "error-type-labels"),
    (f"{P}criteria/", rankings.Criteria, "criteria"),
    (f"{P}guidelines/", guidelines.Guidelines, "guidelines"),
    (f"{P}guidelines/<int:number>/", guidelines.GuidelinesVersion, "guidelines-version"),
    (f"{P}guidelines/again/", guidelines.GuidelinesAgain, "guidelines-again"),
    (f"{P}inbox/", inbox.Inbox, "inbox"),
    ("comments/<int:pk>/answer/", inbox.QuestionAnswer, "question-answer"),
    ("labels/<int:pk>/answer/", inbox.UnsureAnswer, "unsure-answer"),
    (f"{P}agreement/", agreement.Agreement, "agreement"),
    (f"{P}disagreements/", disagreements.Disagreements, "disagreements"),
    (f"{P}quality/", quality.Quality, "quality"),
    (f"{P}gold/", quality.ProjectGold, "project-gold"),
    ("gold/<int:pk>/", quality.GoldDetail, "gold"),
    ("problems/<int:pk>/", problems.ProblemDetail, "problem"),
    ("problems/<int:pk>/tree/", problems.ProblemTree, "problem-tree"),
    ("problems/<int:pk>/credit/", credit.ProblemCredit, "problem-credit"),
    ("problems/<int:pk>/credit/methods/", credit.ProblemMethods, "problem-methods"),
    ("problems/<int:pk>/spans/", judging.Spans, "problem-spans"),
    ("problems/<int:pk>/spans/decision/", adjudications.SpanDecision, "span-decision"),
    ("problems/<int:pk>/contradictions/", contradictions.Contradictions, "contradictions"),
    ("problems/<int:pk>/rankings/", rankings.Rankings, "rankings"),
    ("problems/<int:pk>/decision/", adjudications.RankingDecision, "ranking-decision"),
    ("problems/<int:pk>/comments/", comments.Comments, "problem-comments"),
    ("problems/<int:pk>/comments/<int:remark>/", comments.CommentDetail, "comment"),
    ("problems/<int:pk>/history/", history.History, "history"),
    ("problems/<int:pk>/history/<int:event>/restore/", history.HistoryRestore, "history-restore"),
    ("problems/<int:pk>/history/<int:event>/undo/", history.HistoryUndo, "history-undo"),
    ("steps/<int:pk>/labels/", problems.StepLabels, "step-labels"),
    ("steps/<int:pk>/alternative/", judging.StepAlternative, "step-alternative"),
    ("steps/<int:pk>/attributions/", attributions.StepAttributions, "step-attributions"),
    ("steps/<int:pk>/decision/", adjudications.StepDecision, "step-decision"),
    ("traces/<int:pk>/outcomes/", problems.TraceOutcomes, "trace-outcomes"),
    ("traces/<int:pk>/submission/", judging.TraceSubmission, "trace-submission"),
    ("jobs/", jobs.Jobs, "jobs"),
    ("jobs/<int:pk>/", jobs.JobDetail, "job"),
    ("jobs/<int:pk>/metrics/", jobs.JobMetrics, "job-metrics"),
    ("jobs/<int:pk>/cancel/", jobs.JobCancel, "job-cancel"),
    ("jobs/<int:pk>/resume/", jobs.JobResume, "job-resume"),
    ("models/", models.Models, "models"),
    ("models/<int:pk>/", models.ModelDetail, "model"),
    ("scores/", models.Scores, "scores"),
    ("models/<int:pk>/evaluations/", evaluations.ModelEvaluations, "model-evaluations"),
    ("evaluations/", evaluations.Evaluations, "evaluations"),
    ("evaluations/<int:pk>/", evaluations.EvaluationDetail, "evaluation"),
    ("snapshots/", datasets.Snapshots, "snapshots"),
    ("snapshots/<int:pk>/", datasets.SnapshotDetail, "snapshot"),
    ("exports/", datasets.Exports, "exports"),
    ("exports/<int:pk>/", datasets.ExportDetail, "export"),
    ("exports/<int:pk>/files/<path:path>", datasets.ExportFile, "export-file"),
    ("queues/", queues.Queues, "queues"),
    ("queues/<int:pk>/", queues.QueueDetail, "queue"),
    ("queues/<int:pk>/next/", queues.QueueNext, "queue-next"),
    ("queues/<int:pk>/items/", queues.QueueItems, "queue-items"),
    ("queues/<int:pk>/items/<int:item>/assign/", queues.QueueAssign, "queue-assign"),
    ("assignments/<int:pk>/", queues.AssignmentDetail, "assignment"),
    ("assignments/<int:pk>/heartbeat/", queues.AssignmentHeartbeat, "assignment-heartbeat"),
    ("assignments/<int:pk>/draft/", queues.AssignmentDraft, "assignment-draft"),
    ("assignments/<int:pk>/submit/", queues.AssignmentSubmit, "assignment-submit"),
    ("assignments/<int:pk>/skip/", queues.AssignmentSkip, "assignment-skip"),
    ("assignments/<int:pk>/return/", queues.AssignmentReturn, "assignment-return"),
    ("assignments/<int:pk>/retake/", queues.AssignmentRetake, "assignment-retake"),
    ("tokens/", account.Tokens, "tokens"),
    ("tokens/<int:pk>/", account.TokenDetail, "token"),
)
"""Address, view and name."""

app_name = "api"
urlpatterns = [
    *(path(address, view.as_view(), name=name) for address, view, name in ROUTES),
    re_path(r"^.*$", Nothing.as_view(), name="nothing"),
]
