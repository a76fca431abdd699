"""What a model says of a step beside its score, and the names of it."""

from __future__ import annotations

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("annotator", "0011_judges"),
    ]

    operations = [
        migrations.AddField("rewardmodel", "parts", models.JSONField(default=list)),
        migrations.AddField(
            "stepscore",
            "parts",
            django.contrib.postgres.fields.ArrayField(models.FloatField(), null=True),
        ),
    ]
