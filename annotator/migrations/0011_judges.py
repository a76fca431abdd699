"""Answers, accounts and verdicts of generative judges; the kind of job that asks them."""

from __future__ import annotations

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("annotator", "0010_evaluations"),
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
                    ("scoring.judge", "Judge"),
                ],
                max_length=20,
            ),
        ),
        migrations.CreateModel(
            name="JudgeAccount",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("requests", models.BigIntegerField(default=0)),
                ("cached", models.BigIntegerField(default=0)),
                ("tokens_in", models.BigIntegerField(default=0)),
                ("tokens_out", models.BigIntegerField(default=0)),
                ("cost", models.FloatField(default=0.0)),
                ("failures", models.JSONField(default=dict)),
                ("left_out", models.JSONField(default=dict)),
                ("reached", models.BigIntegerField(default=0)),
                (
                    "job",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="account",
                        to="annotator.job",
                    ),
                ),
                (
                    "model",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="accounts",
                        to="annotator.rewardmodel",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="JudgeAnswer",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=64)),
                ("text", models.TextField()),
                ("tokens_in", models.IntegerField()),
                ("tokens_out", models.IntegerField()),
                ("cut", models.BooleanField()),
                (
                    "created",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                (
                    "project",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        to="annotator.project",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("project", "key"), name="judge_answer_unique")
                ],
            },
        ),
        migrations.CreateModel(
            name="StepVerdict",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("votes", models.JSONField()),
                ("reasons", models.JSONField()),
                (
                    "model",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="verdicts",
                        to="annotator.rewardmodel",
                    ),
                ),
                (
                    "step",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="verdicts",
                        to="annotator.step",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("step", "model"), name="step_verdict_unique")
                ],
            },
        ),
    ]
