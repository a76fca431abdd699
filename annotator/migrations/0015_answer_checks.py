"""A kind of job that compares final answers with references."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("annotator", "0014_evaluation_test_split"),
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
                ],
                max_length=20,
            ),
        ),
    ]
