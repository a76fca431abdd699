"""Fixtures of the whole suite. The database is the embedded server of this run's own home."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import settings

# CI tries the same examples every time: what a draw finds anew is found here, and mended here.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI") == "true":
    settings.load_profile("ci")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    """Under CI a browser test that is skipped has failed: the browser is part of the promise."""
    report = yield
    if report.skipped and os.environ.get("CI") == "true" and item.get_closest_marker("browser"):
        report.outcome = "failed"
        report.longrepr = f"skipped under CI: {report.longrepr}"
    return report


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config):
    """Stop the database of this run; only the first process of pytest-xdist does it."""
    home = os.environ.get("TRACEWOOD_TEST_HOME")
    if home is None or hasattr(config, "workerinput"):
        return
    from webapp import postgres

    if Path(home).exists():
        postgres.stop(Path(home))
        shutil.rmtree(home)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """Let the broker follow the test database."""
    from django.db import connection

    from webapp import celery

    celery.configure(celery.app, connection.settings_dict, "")
    if "TRACEWOOD_TEST_IDS" in os.environ:
        # Draws and splits follow ids: no test may pass only because of the tests before it.
        first = int(os.environ["TRACEWOOD_TEST_IDS"])
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT setval(format('%%I.%%I', schemaname, sequencename)::regclass, %s)"
                " FROM pg_sequences WHERE schemaname = 'public' AND data_type::text = 'bigint'",
                [first],
            )
    yield
    celery.app.pool.force_close_all()
    celery.app.close()
    # Killed child processes may not have let go of the database yet.
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture(autouse=True)
def _clean_queues(request):
    """Take back what a test sent: messages outlive the transaction of the test."""
    if not {"db", "transactional_db"} & set(request.fixturenames):
        yield
        return
    from celery.signals import before_task_publish

    sent = []

    def note(**_):
        sent.append(1)

    before_task_publish.connect(note, weak=False)
    yield
    before_task_publish.disconnect(note)
    if sent:
        from webapp.celery import app

        app.control.purge()


@pytest.fixture
def user(db):
    """A person who is a member of nothing."""
    from tests.factories import UserFactory

    return UserFactory()


@pytest.fixture
def client_for():
    """Return a function that gives a Django test client signed in as a user."""
    from django.test import Client

    def signed_in(user):
        client = Client()
        client.force_login(user)
        return client

    return signed_in
