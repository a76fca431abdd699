"""Every table of Tracewood, one file per noun family."""

from annotator.models.attributions import Attribution, FaithfulnessCard
from annotator.models.data import Outcome, Problem, SourceFile, SourceRecord, Step, Trace
from annotator.models.datasets import (
    Export,
    Snapshot,
    SnapshotLabel,
    SnapshotOutcome,
    SnapshotProblem,
)
from annotator.models.discussion import Comment, Submission
from annotator.models.evaluations import Evaluation, EvaluationResult
from annotator.models.jobs import Job, JobMetric, Upload, Worker
from annotator.models.judgements import (
    Alternative,
    JudgementEvent,
    Rater,
    SpanLabel,
    StepLabel,
)
from annotator.models.judges import JudgeAccount, JudgeAnswer, StepVerdict
from annotator.models.projects import ErrorType, GuidelineVersion, Membership, Project
from annotator.models.quality import Adjudication, AgreementReport, Gold, Resolution
from annotator.models.queues import Assignment, Qualification, Queue, QueueCursor, QueueItem
from annotator.models.rankings import Ranking
from annotator.models.scores import RewardModel, StepScore, TokenScore
from annotator.models.users import ApiToken, SignInLink

__all__ = [
    "Adjudication",
    "AgreementReport",
    "Alternative",
    "ApiToken",
    "Assignment",
    "Attribution",
    "Comment",
    "ErrorType",
    "Evaluation",
    "EvaluationResult",
    "Export",
    "FaithfulnessCard",
    "Gold",
    "GuidelineVersion",
    "Job",
    "JobMetric",
    "JudgeAccount",
    "JudgeAnswer",
    "JudgementEvent",
    "Membership",
    "Outcome",
    "Problem",
    "Project",
    "Qualification",
    "Queue",
    "QueueCursor",
    "QueueItem",
    "Ranking",
    "Rater",
    "Resolution",
    "RewardModel",
    "SignInLink",
    "Snapshot",
    "SnapshotLabel",
    "SnapshotOutcome",
    "SnapshotProblem",
    "SourceFile",
    "SourceRecord",
    "SpanLabel",
    "Step",
    "StepLabel",
    "StepScore",
    "StepVerdict",
    "Submission",
    "TokenScore",
    "Trace",
    "Upload",
    "Worker",
]
