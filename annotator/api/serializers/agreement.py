"""Agreement reports."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers as s

from annotator.api.serializers.jobs import JobOut
from scoring.types import RATER_KINDS

MAX_ID = 2**63 - 1


class ScopeIn(s.Serializer[Any]):
    """Which judgements the figures are about."""

    kind = s.ListField(
        child=s.ChoiceField(choices=RATER_KINDS),
        required=False,
        default=list,
        help_text="Kinds of raters; none named = person.",
    )
    queue = s.IntegerField(
        required=False,
        allow_null=True,
        default=None,
        min_value=1,
        max_value=MAX_ID,
        help_text="Only what the people who submitted its items said of them.",
    )
    guideline = s.IntegerField(
        required=False,
        allow_null=True,
        default=None,
        min_value=1,
        max_value=2**31 - 1,
        help_text="Number of the guideline version that a judgement pins.",
    )
    since = s.DateField(required=False, allow_null=True, default=None)
    until = s.DateField(required=False, allow_null=True, default=None)


class AgreementRaterOut(s.Serializer[Any]):
    """An annotator of the report."""

    id = s.IntegerField()
    name = s.CharField()
    kind = s.ChoiceField(choices=RATER_KINDS)


class AgreementOut(s.Serializer[Any]):
    """The newest report of a scope, however old, and the computation of the next one."""

    scope = s.DictField()
    fresh = s.BooleanField(help_text="The report knows every judgement and all gold.")
    version = s.IntegerField(allow_null=True, help_text="Newest judgement event in the report.")
    newer = s.IntegerField(help_text="Events since then; counting stops above 10,000.")
    gold_changed = s.BooleanField(help_text="Gold was made, changed or retired since then.")
    computed = s.DateTimeField(allow_null=True)
    job = JobOut(allow_null=True, help_text="The newest computation of this scope.")
    raters = AgreementRaterOut(many=True)
    report = s.DictField(allow_null=True, help_text="All figures; ids are those of raters, steps …")
