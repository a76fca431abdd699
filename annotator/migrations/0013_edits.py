"""A kind of job that has a model read edited solutions."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("annotator", "0012_score_parts"),
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
                    ("scoring.edits", "Evaluation of edits"),
                    ("scoring.train", "Train"),
                    ("scoring.score", "Score"),
                    ("scoring.judge", "Judge"),
                ],
                max_length=20,
            ),
        ),
    ]
