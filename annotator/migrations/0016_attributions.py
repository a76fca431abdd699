"""What attribution methods found in paths, and how far they can be trusted; jobs that look."""

from __future__ import annotations

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("annotator", "0015_answer_checks"),
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
                    ("scoring.answers", "Check of answers"),
                    ("scoring.evaluate", "Evaluation"),
                    ("scoring.edits", "Evaluation of edits"),
                    ("scoring.train", "Train"),
                    ("scoring.score", "Score"),
                    ("scoring.judge", "Judge"),
                    ("scoring.attribute", "Attribution"),
                    ("scoring.faithful", "Faithfulness"),
                ],
                max_length=20,
            ),
        ),
        migrations.CreateModel(
            name="Attribution",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("method", models.CharField(max_length=40)),
                ("digest", models.CharField(max_length=64)),
                ("texts", models.CharField(max_length=64)),
                ("facts", models.JSONField(default=dict)),
                ("arrays", models.BinaryField()),
                (
                    "created",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                (
                    "end",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="attributions",
                        to="annotator.step",
                    ),
                ),
                (
                    "job",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="attributions",
                        to="annotator.job",
                    ),
                ),
                (
                    "model",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="attributions",
                        to="annotator.rewardmodel",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("end", "model", "digest"), name="attribution_unique"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="FaithfulnessCard",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("method", models.CharField(max_length=40)),
                ("version", models.CharField(max_length=10)),
                ("passed", models.BooleanField()),
                ("checks", models.JSONField(default=list)),
                ("facts", models.JSONField(default=dict)),
                (
                    "created",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                (
                    "job",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="faithfulness_cards",
                        to="annotator.job",
                    ),
                ),
                (
                    "model",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="faithfulness_cards",
                        to="annotator.rewardmodel",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("model", "method"), name="faithfulness_card_unique"
                    )
                ],
            },
        ),
    ]
