"""Evaluations of reward models and what their suites found."""

from __future__ import annotations


import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("annotator", "0009_spans_and_resolutions"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name="job",
            name="kind",
            field=models.CharField(
                choices=[
                    ("scoring.import", "Import"),
                    ("scoring.export", "Export"),
                    ("scoring.snapshot", "Snapshot"),
                    ("scoring.sample", "Sample project"),
                    ("scoring.queue", "Queue"),
                    ("scoring.agreement", "Agreement"),
                    ("scoring.evaluate", "Evaluation"),
                    ("scoring.train", "Train"),
                    ("scoring.score", "Score"),
                ],
                max_length=20,
            ),
        ),
        migrations.CreateModel(
            name="Evaluation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "part",
                    models.CharField(
                        choices=[
                            ("unseen", "Problems not trained on"),
                            ("all", "All problems"),
                        ],
                        max_length=6,
                    ),
                ),
                ("suites", models.JSONField()),
                ("counts", models.JSONField(default=dict)),
                ("known", models.JSONField(default=dict)),
                ("ready", models.BooleanField(default=False)),
                (
                    "created",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                (
                    "against",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="evaluations_against",
                        to="annotator.rewardmodel",
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "job",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="evaluations",
                        to="annotator.job",
                    ),
                ),
                (
                    "model",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="evaluations",
                        to="annotator.rewardmodel",
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="evaluations",
                        to="annotator.project",
                    ),
                ),
                (
                    "snapshot",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.RESTRICT,
                        related_name="evaluations",
                        to="annotator.snapshot",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="EvaluationResult",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("place", models.PositiveSmallIntegerField()),
                ("suite", models.CharField(max_length=40)),
                ("protocol", models.CharField(blank=True, default="", max_length=16)),
                ("report", models.JSONField(null=True)),
                ("reason", models.TextField(blank=True, default="")),
                (
                    "evaluation",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="results",
                        to="annotator.evaluation",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("evaluation", "place"), name="evaluation_result_unique"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("reason", ""), ("report__isnull", False)),
                            models.Q(
                                ("report__isnull", True), models.Q(("reason", ""), _negated=True)
                            ),
                            _connector="OR",
                        ),
                        name="evaluation_result_or_reason",
                    ),
                ],
            },
        ),
    ]
