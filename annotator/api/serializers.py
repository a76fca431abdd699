"""What goes in and comes out: the JSON of every endpoint, as OpenAPI describes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers as s

from annotator.importers.registry import IMPORTERS
from annotator.models import Job, Membership
from annotator.services.requests import AGGREGATES, AUTO, NEUTRALS
from scoring.training.targets import DEFAULT_AGGREGATE, DEFAULT_NEUTRAL
from scoring.types import RATINGS


class ErrorBody(s.Serializer[Any]):
    """Why a request was refused."""

    code = s.CharField()
    message = s.CharField()
    fields = s.DictField(child=s.CharField())  # type: ignore[assignment]


class ErrorOut(s.Serializer[Any]):
    """The shape of every error."""

    error = ErrorBody()


class ProjectIn(s.Serializer[Any]):
    """A new project."""

    name = s.CharField(max_length=100)
    description = s.CharField(max_length=2000, required=False, default="", allow_blank=True)


class ProjectPatch(s.Serializer[Any]):
    """Settings to change; what is left out stays."""

    description = s.CharField(max_length=2000, required=False, allow_blank=True)
    primary_outcome = s.CharField(max_length=60, required=False)
    show_scores = s.BooleanField(required=False)


class ProjectOut(s.Serializer[Any]):
    """A project as one of its members sees it."""

    name = s.CharField()
    description = s.CharField()
    role = s.ChoiceField(choices=Membership.Role.choices)
    primary_outcome = s.CharField()
    show_scores = s.BooleanField()
    problems = s.IntegerField()
    steps = s.IntegerField()
    traces = s.IntegerField()
    labels = s.IntegerField(help_text="Step labels by people.")
    created = s.DateTimeField()


class ProjectList(s.Serializer[Any]):
    """The projects of a person."""

    results = ProjectOut(many=True)


class ProblemOut(s.Serializer[Any]):
    """A problem without its steps."""

    id = s.IntegerField()
    project = s.CharField()
    prompt = s.CharField()
    reference = s.CharField()
    meta = s.DictField()
    steps = s.IntegerField()
    traces = s.IntegerField()
    depth = s.IntegerField()
    solved = s.IntegerField(help_text="Traces whose primary outcome is above 0.")
    judged = s.IntegerField(help_text="Traces whose primary outcome is known.")
    labelled = s.IntegerField(help_text="Steps with a label of a person.")


class ProblemList(s.Serializer[Any]):
    """A page of problems."""

    results = ProblemOut(many=True)
    next = s.CharField(allow_null=True, help_text="Send as ?after= for the next page.")
    previous = s.CharField(allow_null=True, help_text="Send as ?before= for the page before.")


class NodeOut(s.Serializer[Any]):
    """A node; optional fields are left out where the source knew nothing."""

    id = s.IntegerField(help_text="Step id; 0 is the problem.")
    parent = s.IntegerField(allow_null=True)  # type: ignore[assignment]
    depth = s.IntegerField()
    text = s.CharField()
    kind = s.CharField(required=False)
    agent = s.CharField(required=False)
    level = s.CharField(required=False)
    state = s.CharField(required=False, help_text="Environment state before the step.")
    state_after = s.CharField(required=False)
    value = s.FloatField(required=False)
    visits = s.IntegerField(required=False)
    n_tokens = s.IntegerField(required=False)
    outcome = s.ListField(child=s.FloatField(allow_null=True), required=False)
    score = s.FloatField(required=False)


class TraceOut(s.Serializer[Any]):
    """A path from the problem to ``end``."""

    id = s.IntegerField()
    end = s.IntegerField()
    key = s.CharField()
    model = s.CharField()
    outcomes = s.DictField(child=s.FloatField(allow_null=True))


class TreeOut(s.Serializer[Any]):
    """A whole tree; ``nodes`` is what ``Tree.from_records`` takes."""

    problem = s.IntegerField()
    outcome = s.CharField()
    nodes = NodeOut(many=True)
    traces = TraceOut(many=True)


class JudgementIn(s.Serializer[Any]):
    """A judgement as it is sent; a field that is not known is refused, so that none is lost."""

    def to_internal_value(self, data: Any) -> Any:
        """Refuse unknown fields by name, then check the others."""
        if isinstance(data, Mapping) and (unknown := data.keys() - self.fields.keys()):
            reason = f"There is no such field; known: {', '.join(self.fields)}."
            raise s.ValidationError({name: [reason] for name in sorted(unknown)})
        return super().to_internal_value(data)


class LabelIn(JudgementIn):
    """A judgement of a step; a null rating with ``unsure`` false means: seen, not rated."""

    rating = s.ChoiceField(choices=RATINGS, allow_null=True)
    unsure = s.BooleanField(default=False)
    error_type = s.CharField(max_length=40, default="", allow_blank=True)
    realises_error = s.BooleanField(default=False)
    note = s.CharField(default="", allow_blank=True, max_length=10_000, trim_whitespace=False)
    milliseconds = s.IntegerField(default=None, allow_null=True, min_value=0, max_value=2**31 - 1)
    shown_score = s.BooleanField(default=None, allow_null=True)


class RaterOut(s.Serializer[Any]):
    """Who judged."""

    kind = s.ChoiceField(choices=["person", "imported", "machine", "model"])
    name = s.CharField()
    version = s.CharField()


class LabelOut(s.Serializer[Any]):
    """The current judgement of a step by one rater."""

    step = s.IntegerField()
    rater = RaterOut()
    rating = s.IntegerField(allow_null=True)
    unsure = s.BooleanField()
    error_type = s.CharField()
    realises_error = s.BooleanField()
    note = s.CharField()
    milliseconds = s.IntegerField(allow_null=True)
    guideline = s.IntegerField(allow_null=True)
    updated = s.DateTimeField()


class LabelList(s.Serializer[Any]):
    """The labels of a step that the person may see."""

    results = LabelOut(many=True)


class LabelSaved(s.Serializer[Any]):
    """A stored judgement with the event that holds it."""

    label = LabelOut(allow_null=True)  # type: ignore[assignment]
    event = s.IntegerField(allow_null=True)
    replayed = s.BooleanField(help_text="True: this key was answered before.")


class OutcomeIn(JudgementIn):
    """An outcome of a trace; a null value means unknown, which is never 0."""

    name = s.CharField(max_length=60)
    value = s.FloatField(allow_null=True)


class OutcomeOut(s.Serializer[Any]):
    """A named outcome and who says so."""

    name = s.CharField()
    value = s.FloatField(allow_null=True)
    source = s.CharField()  # type: ignore[assignment]


class OutcomeList(s.Serializer[Any]):
    """All outcomes of a trace."""

    results = OutcomeOut(many=True)


class RulesIn(s.Serializer[Any]):
    """How labels of several raters become one."""

    aggregate = s.ChoiceField(choices=list(AGGREGATES), default=DEFAULT_AGGREGATE)
    neutral = s.ChoiceField(choices=list(NEUTRALS), default=DEFAULT_NEUTRAL)
    include_machine = s.BooleanField(default=False)


class JobIn(s.Serializer[Any]):
    """Work to queue. Which other fields count depends on ``kind``."""

    project = s.CharField()
    kind = s.ChoiceField(choices=["import", "train", "score", "snapshot", "export"])
    upload = s.IntegerField(required=False, help_text="import: id of an upload.")
    format = s.CharField(
        required=False,
        default=AUTO,
        max_length=40,
        help_text=f"import: auto or one of {', '.join(IMPORTERS)}; export: an export format.",
    )
    dry_run = s.BooleanField(default=False, help_text="import: check only.")
    reward_model_kind = s.CharField(
        required=False, default="prm", max_length=40, help_text="train."
    )
    base = s.CharField(required=False, default="tiny", max_length=500, help_text="train.")
    name = s.CharField(
        required=False, default="", allow_blank=True, max_length=100, help_text="train, snapshot."
    )
    settings = s.DictField(
        child=s.CharField(allow_blank=True), required=False, default=dict, help_text="train."
    )
    snapshot = s.IntegerField(
        required=False, allow_null=True, default=None, help_text="train, export: id."
    )
    model = s.IntegerField(required=False, help_text="score: id of a reward model.")
    rules = RulesIn(required=False, help_text="snapshot.")
    options = s.DictField(required=False, default=dict, help_text="export.")


class JobOut(s.Serializer[Any]):
    """A job; its row is the truth."""

    id = s.IntegerField()
    project = s.CharField()
    kind = s.CharField()
    state = s.ChoiceField(choices=Job.State.choices)
    args = s.DictField()
    result = s.DictField()
    attempt = s.IntegerField()
    done = s.IntegerField()
    total = s.IntegerField(allow_null=True)
    message = s.CharField()
    cancel_requested = s.BooleanField()
    error = ErrorBody(allow_null=True)
    created = s.DateTimeField()
    started = s.DateTimeField(allow_null=True)
    finished = s.DateTimeField(allow_null=True)


class JobList(s.Serializer[Any]):
    """A page of jobs, newest first."""

    results = JobOut(many=True)
    next = s.IntegerField(allow_null=True)


class MetricOut(s.Serializer[Any]):
    """One curve as [step, value] pairs."""

    name = s.CharField()
    points = s.ListField(child=s.ListField(child=s.FloatField()))


class MetricList(s.Serializer[Any]):
    """The curves of a job."""

    results = MetricOut(many=True)


class UploadOut(s.Serializer[Any]):
    """A stored file, ready for an import job."""

    id = s.IntegerField()
    name = s.CharField()
    size = s.IntegerField()
    sha256 = s.CharField()


class ModelOut(s.Serializer[Any]):
    """A reward model with what made it."""

    id = s.IntegerField()
    project = s.CharField()
    name = s.CharField()
    version = s.IntegerField()
    kind = s.CharField()
    base = s.CharField()
    ready = s.BooleanField()
    seed = s.IntegerField(allow_null=True)
    snapshot = s.IntegerField(allow_null=True)
    job = s.IntegerField(allow_null=True)
    data_hash = s.CharField()
    config = s.DictField()
    provenance = s.DictField()
    metrics = s.DictField()
    created = s.DateTimeField()


class ModelList(s.Serializer[Any]):
    """A page of models, newest first."""

    results = ModelOut(many=True)
    next = s.IntegerField(allow_null=True)


class ScoreOut(s.Serializer[Any]):
    """A model's score of a step."""

    id = s.IntegerField()
    problem = s.IntegerField()
    step = s.IntegerField()
    score = s.FloatField()


class ScoreList(s.Serializer[Any]):
    """A page of scores in the order in which they were stored."""

    results = ScoreOut(many=True)
    next = s.IntegerField(allow_null=True)


class SnapshotIn(s.Serializer[Any]):
    """A snapshot to freeze."""

    project = s.CharField()
    name = s.CharField(max_length=100)
    rules = RulesIn(required=False)


class SnapshotOut(s.Serializer[Any]):
    """An immutable curated selection."""

    id = s.IntegerField()
    project = s.CharField()
    name = s.CharField()
    rules = s.DictField()
    filter = s.DictField()
    hash = s.CharField()
    counts = s.DictField()
    created = s.DateTimeField()


class SnapshotList(s.Serializer[Any]):
    """A page of snapshots, newest first."""

    results = SnapshotOut(many=True)
    next = s.IntegerField(allow_null=True)


class ExportIn(s.Serializer[Any]):
    """An export to make."""

    project = s.CharField()
    format = s.CharField(max_length=40)
    snapshot = s.IntegerField(required=False, allow_null=True, default=None)
    options = s.DictField(required=False, default=dict)


class FileOut(s.Serializer[Any]):
    """One file of an export."""

    path = s.CharField()
    rows = s.IntegerField()
    sha256 = s.CharField()
    url = s.CharField()


class ExportOut(s.Serializer[Any]):
    """An export with its manifest."""

    id = s.IntegerField()
    project = s.CharField()
    format = s.CharField()
    snapshot = s.IntegerField()
    options = s.DictField()
    rows = s.IntegerField()
    excluded = s.DictField(child=s.IntegerField())
    files = FileOut(many=True)
    created = s.DateTimeField()


class ExportList(s.Serializer[Any]):
    """A page of exports, newest first."""

    results = ExportOut(many=True)
    next = s.IntegerField(allow_null=True)


class TokenIn(s.Serializer[Any]):
    """A token to make."""

    name = s.CharField(max_length=80)


class TokenOut(s.Serializer[Any]):
    """A personal token; its secret is stored nowhere."""

    id = s.IntegerField()
    name = s.CharField()
    prefix = s.CharField()
    created = s.DateTimeField()
    last_used = s.DateTimeField(allow_null=True)


class TokenMade(TokenOut):
    """A new token with its secret, this once."""

    secret = s.CharField()


class TokenList(s.Serializer[Any]):
    """The tokens of a person, newest first."""

    results = TokenOut(many=True)
