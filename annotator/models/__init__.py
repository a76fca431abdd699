"""Every table of Tracewood, one file per noun family."""

from annotator.models.data import Outcome, Problem, SourceFile, SourceRecord, Step, Trace
from annotator.models.datasets import (
    Export,
    Snapshot,
    SnapshotLabel,
    SnapshotOutcome,
    SnapshotProblem,
)
from annotator.models.jobs import Job, JobMetric, Upload, Worker
from annotator.models.judgements import (
    Alternative,
    JudgementEvent,
    Rater,
    SpanLabel,
    StepLabel,
)
from annotator.models.projects import ErrorType, GuidelineVersion, Membership, Project
from annotator.models.scores import RewardModel, StepScore, TokenScore
from annotator.models.users import ApiToken, SignInLink

__all__ = [
    "Alternative",
    "ApiToken",
    "ErrorType",
    "Export",
    "GuidelineVersion",
    "Job",
    "JobMetric",
    "JudgementEvent",
    "Membership",
    "Outcome",
    "Problem",
    "Project",
    "Rater",
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
    "TokenScore",
    "Trace",
    "Upload",
    "Worker",
]
