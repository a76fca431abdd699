"""The Celery app: two queues, the broker inside the database unless told otherwise.

A message only wakes a worker and is acknowledged at once; the job row is the truth. So there is no
result backend, and no remote control: its per-process queues would litter a pgmq broker.
"""

from __future__ import annotations

import logging.config
import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging
from django.conf import settings
from kombu import Queue
from psycopg.conninfo import make_conninfo

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")

QUEUES = ("io", "gpu")


def pgmq_options(database: dict[str, Any]) -> dict[str, Any]:
    """Return kombu's options for queues inside ``database`` (a row of ``DATABASES``).

    The keyword form reaches a socket folder; pgmq insists on a password even where none is asked.
    """
    options = {key: value for key, value in database["OPTIONS"].items() if key != "pool"}
    conninfo = make_conninfo(
        **options,
        host=database.get("HOST") or None,
        port=database.get("PORT") or None,
        dbname=database["NAME"],
        user=database.get("USER") or None,
        password=database.get("PASSWORD") or "x",
    )
    return {
        "conn_string": conninfo,
        "init_extension": False,
        "pool_size": 2,
        "wait_time_seconds": 0,
        "polling_interval": 0.5,
        "visibility_timeout": 60,
    }


def configure(app: Celery, database: dict[str, Any], broker_url: str) -> None:
    """Point ``app`` at ``broker_url``, or at the queues of ``database`` where it is empty."""
    app.conf.update(
        broker_url=broker_url or "pgmq://localhost",
        broker_transport_options={} if broker_url else pgmq_options(database),
    )


app = Celery("tracewood")
# Threads of a web process find the app only as the default one.
app.set_default()
app.conf.update(
    task_queues=[Queue(name) for name in QUEUES],
    task_default_queue="io",
    task_create_missing_queues=False,
    task_acks_late=False,
    task_ignore_result=True,
    task_store_errors_even_if_ignored=False,
    result_backend=None,
    worker_enable_remote_control=False,
    worker_send_task_events=False,
    worker_prefetch_multiplier=1,
    worker_cancel_long_running_tasks_on_connection_loss=False,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    event_queue_prefix="tracewood",
    enable_utc=True,
)
configure(app, settings.DATABASES["default"], settings.CELERY_BROKER_URL)
app.autodiscover_tasks(["scoring"])


def _use_our_logging(**_: object) -> None:
    logging.config.dictConfig(settings.LOGGING)


setup_logging.connect(_use_our_logging)
