"""Final decisions on spans, and resolutions of contradictions."""

from __future__ import annotations

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models
from django.db.models import Q, Value
from django.db.models.functions import Coalesce

CASCADE = django.db.models.deletion.CASCADE
KINDS = [
    ("step_label", "Step label"),
    ("span_label", "Span label"),
    ("alternative", "Alternative"),
    ("outcome", "Outcome"),
    ("ranking", "Ranking"),
    ("submission", "Submission"),
    ("adjudication", "Adjudication"),
    ("resolution", "Resolution of a contradiction"),
    ("import", "Import"),
]
KEPT = [
    ("first", "The first holds"),
    ("second", "The second holds"),
    ("both", "Both are meant so"),
]
OF_RANKING = ~Q(level__in=["", "span"])


def _step(related_name: str) -> models.ForeignKey[object, object]:
    return models.ForeignKey(
        "annotator.step", CASCADE, null=True, related_name=related_name, db_index=False
    )


class Migration(migrations.Migration):
    dependencies = [("annotator", "0008_gold_places")]

    operations = [
        migrations.AlterField(
            "judgementevent", "kind", models.CharField(choices=KINDS, max_length=12)
        ),
        migrations.AddField("adjudication", "first", _step("adjudications_from")),
        migrations.AddField("adjudication", "last", _step("adjudications_to")),
        migrations.RemoveConstraint("adjudication", "adjudication_unique_ranking"),
        migrations.RemoveConstraint("adjudication", "adjudication_of_step_or_ranking"),
        migrations.AddConstraint(
            "adjudication",
            models.UniqueConstraint(
                "problem",
                "level",
                Coalesce("parent", Value(0)),
                "criterion",
                condition=OF_RANKING,
                name="adjudication_unique_ranking",
            ),
        ),
        migrations.AddConstraint(
            "adjudication",
            models.UniqueConstraint(
                fields=["first", "last"],
                condition=Q(level="span"),
                name="adjudication_unique_span",
            ),
        ),
        migrations.AddConstraint(
            "adjudication",
            models.CheckConstraint(
                condition=Q(level="", step__isnull=False, first__isnull=True, last__isnull=True)
                | Q(level="span", step__isnull=True, first__isnull=False, last__isnull=False)
                | (OF_RANKING & Q(step__isnull=True, first__isnull=True, last__isnull=True)),
                name="adjudication_of_one_thing",
            ),
        ),
        migrations.AddIndex(
            "adjudication",
            models.Index(
                fields=["first"], condition=Q(first__isnull=False), name="adjudication_by_first"
            ),
        ),
        migrations.AddIndex(
            "adjudication",
            models.Index(
                fields=["last"], condition=Q(last__isnull=False), name="adjudication_by_last"
            ),
        ),
        migrations.CreateModel(
            "Resolution",
            [
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        "annotator.project", CASCADE, related_name="resolutions", db_index=False
                    ),
                ),
                (
                    "problem",
                    models.ForeignKey(
                        "annotator.problem", CASCADE, related_name="resolutions", db_index=False
                    ),
                ),
                ("contradiction", models.CharField(max_length=1_000)),
                ("kept", models.CharField(choices=KEPT, max_length=6)),
                ("reason", models.TextField()),
                (
                    "rater",
                    models.ForeignKey(
                        "annotator.rater", CASCADE, related_name="resolutions", db_index=False
                    ),
                ),
                (
                    "event",
                    models.ForeignKey(
                        "annotator.judgementevent", CASCADE, db_index=False, db_constraint=False
                    ),
                ),
                (
                    "updated",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=["problem", "contradiction"], name="resolution_unique"
                    ),
                    models.CheckConstraint(
                        condition=Q(kept__in=["first", "second", "both"]),
                        name="resolution_kept_known",
                    ),
                ]
            },
        ),
    ]
