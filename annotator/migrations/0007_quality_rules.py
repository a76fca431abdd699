"""When a project stops an annotator, and how often an exam was taken."""

from __future__ import annotations

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("annotator", "0006_lean_keys")]

    operations = [
        migrations.AddField("project", "pause_below", models.FloatField(blank=True, null=True)),
        migrations.AddField("project", "pause_after", models.PositiveSmallIntegerField(default=20)),
        migrations.AddField(
            "qualification", "attempt", models.PositiveSmallIntegerField(default=1)
        ),
        migrations.AddConstraint(
            "project",
            models.CheckConstraint(
                condition=Q(pause_below__isnull=True) | Q(pause_below__gte=0, pause_below__lte=1),
                name="project_pause_below_valid",
            ),
        ),
        migrations.AddConstraint(
            "project",
            models.CheckConstraint(
                condition=Q(pause_after__gte=1), name="project_pause_after_valid"
            ),
        ),
    ]
