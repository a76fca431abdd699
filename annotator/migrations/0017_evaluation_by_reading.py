"""The gpu job of evaluations reads edited solutions, and solutions for their states."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("annotator", "0016_attributions"),
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
                    ("scoring.edits", "Evaluation by reading"),
                    ("scoring.train", "Train"),
                    ("scoring.score", "Score"),
                    ("scoring.judge", "Judge"),
                    ("scoring.attribute", "Attribution"),
                    ("scoring.faithful", "Faithfulness"),
                ],
                max_length=20,
            ),
        ),
    ]
