"""Queue tables of the default broker: pgmq's own SQL, and the two queues of the project.

The SQL ships inside the ``pgmq`` package and cannot run twice, so it runs only where pgmq is not
there yet; an extension that the operator installed is used as it is.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.management.base import CommandError
from django.db import ProgrammingError, migrations, transaction

if TYPE_CHECKING:
    from django.apps.registry import Apps as StateApps
    from django.db.backends.base.schema import BaseDatabaseSchemaEditor

QUEUES = ("io", "gpu")
REFUSED = (
    "The job queues need the schema `pgmq`, and this database user may not create it. Either let "
    "it (GRANT CREATE ON DATABASE … TO …), or set CELERY_BROKER_URL to a RabbitMQ or Redis."
)


def install(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    connection = schema_editor.connection
    try:
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.execute("SELECT to_regclass('pgmq.meta')")
            if cursor.fetchone()[0] is None:
                cursor.execute(files("pgmq").joinpath("sql", "pgmq.sql").read_text("utf-8"))
            for queue in QUEUES:
                cursor.execute("SELECT pgmq.create(%s)", [queue])
    except ProgrammingError as error:
        refused = "InsufficientPrivilege" in type(error.__cause__).__name__
        if refused and settings.CELERY_BROKER_URL:
            return
        if refused:
            raise CommandError(REFUSED) from error
        raise


def remove(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('pgmq.meta')")
        if cursor.fetchone()[0] is not None:
            for queue in QUEUES:
                cursor.execute("SELECT pgmq.drop_queue(%s)", [queue])


class Migration(migrations.Migration):
    dependencies = [("annotator", "0001_initial")]
    operations = [migrations.RunPython(install, remove)]
