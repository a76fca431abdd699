"""Evaluations may be of the test split of their snapshot."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("annotator", "0013_edits"),
    ]

    operations = [
        migrations.AlterField(
            model_name="evaluation",
            name="part",
            field=models.CharField(
                choices=[
                    ("unseen", "Problems not trained on"),
                    ("test", "Test split, not trained on"),
                    ("all", "All problems"),
                ],
                max_length=6,
            ),
        ),
    ]
