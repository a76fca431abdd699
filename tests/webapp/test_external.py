"""Servers of a team instead of the built-in ones; skipped where they do not run."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import psycopg
import pytest
from django.conf import settings

from annotator.models import Job
from annotator.services.jobs.wait import worker_environment
from tests.factories import JobFactory
from tests.webapp.workers import ended, running_worker, until

pytestmark = [pytest.mark.external, pytest.mark.slow]
BROKERS = {
    "redis": ("redis://127.0.0.1:6379/15", 6379),
    "rabbitmq": ("amqp://guest:guest@127.0.0.1:5672//", 5672),
}


def needs_port(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        pytest.skip(f"nothing listens on 127.0.0.1:{port}")


def run_python(code, env):
    done = subprocess.run(
        [sys.executable, "-c", f"import django; django.setup()\n{code}"],
        cwd=settings.BASE_DIR,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", BROKERS)
def test_jobs_travel_through_another_broker(name, tmp_path):
    url, port = BROKERS[name]
    needs_port(port)
    env = worker_environment() | {"CELERY_BROKER_URL": url}
    run_python("from webapp.celery import app; app.control.purge()", env)
    job = JobFactory(args={"mode": "ok"})
    code = (
        "from annotator.models import Job; from annotator.services.jobs import job_wake\n"
        f"job_wake(job=Job.objects.get(pk={job.pk}))"
    )
    run_python(code, env)
    with running_worker(tmp_path, CELERY_BROKER_URL=url, REAP_EVERY_S="3600"):
        until(ended(job, Job.State.DONE), "the job's end")


@pytest.fixture
def external_database():
    """A database of its own on the machine's PostgreSQL; its URL."""
    needs_port(5432)
    name = f"tracewood_test_{os.getpid()}"
    server = "postgresql://postgres@127.0.0.1:5432"
    try:
        admin = psycopg.connect(f"{server}/postgres", autocommit=True)
    except psycopg.OperationalError as error:
        pytest.skip(f"the PostgreSQL on port 5432 does not let us in: {error}")
    with admin:
        admin.execute(f"CREATE DATABASE {name}")
        yield f"{server}/{name}"
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    admin.close()


def manage(url, *arguments):
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=settings.BASE_DIR,
        env=os.environ | {"DATABASE_URL": url, "DATABASE_NAME": ""},
        capture_output=True,
        text=True,
        check=False,
    )


def test_tables_and_queues_work_on_another_postgresql(external_database):
    done = manage(external_database, "migrate", "--verbosity", "0")
    assert done.returncode == 0, done.stderr
    env = os.environ | {"DATABASE_URL": external_database, "DATABASE_NAME": ""}
    code = """
from annotator.models import Job, Project
from annotator.services.jobs import job_create
project = Project.objects.create(name="x")
job_create(project=project, kind=Job.Kind.IMPORT, args={})
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("SELECT queue_length FROM pgmq.metrics('io')")
    print(cursor.fetchone()[0])
"""
    assert run_python(code, env) == "1"


def test_a_user_without_the_right_is_told_which_one(external_database):
    with psycopg.connect(external_database, autocommit=True) as admin:
        name = admin.info.dbname
        role = f"{name}_poor"
        admin.execute(f"CREATE ROLE {role} LOGIN")
        admin.execute(f"GRANT ALL ON SCHEMA public TO {role}")
        try:
            url = external_database.replace("postgres@", f"{role}@")
            done = manage(url, "migrate", "--verbosity", "0")
            assert done.returncode == 1
            assert "GRANT CREATE ON DATABASE" in done.stderr
            assert "Traceback" not in done.stderr
        finally:
            admin.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")


def test_an_installed_pgmq_is_used_as_it_is(external_database):
    from importlib.resources import files

    with psycopg.connect(external_database, autocommit=True) as admin:
        admin.execute(files("pgmq").joinpath("sql", "pgmq.sql").read_text("utf-8"))
        admin.execute("SELECT pgmq.create('of_somebody_else')")
    assert manage(external_database, "migrate", "--verbosity", "0").returncode == 0
    with psycopg.connect(external_database) as connection:
        rows = connection.execute("SELECT queue_name FROM pgmq.meta ORDER BY 1").fetchall()
    assert [name for (name,) in rows] == ["gpu", "io", "of_somebody_else"]
