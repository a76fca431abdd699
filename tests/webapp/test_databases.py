import pytest
from django.conf import settings
from django.db import connection, connections
from psycopg.conninfo import conninfo_to_dict

from webapp.celery import pgmq_options
from webapp.databases import database_from_url, embedded_database


def test_every_part_of_the_url_is_read():
    row = database_from_url("postgres://me:p%40ss@db.example:5433/traces?sslmode=require")
    assert (row["HOST"], row["PORT"], row["NAME"]) == ("db.example", "5433", "traces")
    assert (row["USER"], row["PASSWORD"]) == ("me", "p@ss")
    assert row["OPTIONS"] == {"sslmode": "require"}


def test_a_socket_folder_may_be_named():
    row = database_from_url("postgresql:///traces?host=/run/postgresql")
    assert (row["HOST"], row["NAME"], row["OPTIONS"]) == ("/run/postgresql", "traces", {})


def test_a_pool_takes_the_place_of_connections_kept_by_threads():
    row = database_from_url("postgresql://h/traces", pool=3)
    assert row["OPTIONS"]["pool"]["max_size"] == 3
    assert "CONN_MAX_AGE" not in row


@pytest.mark.django_db
def test_a_pool_replaces_a_connection_that_the_server_closed():
    row = embedded_database(settings.TRACEWOOD_HOME, name="", pool=1) | {"CONN_MAX_AGE": 0}
    name = connection.settings_dict["NAME"]
    pooled = type(connections["default"])(
        {**connection.settings_dict, **row, "NAME": name}, alias="pooled"
    )

    def server_process():
        with pooled.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            (number,) = cursor.fetchone()
        pooled.close()
        return number

    try:
        first = server_process()
        assert server_process() == first
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [first])
        assert server_process() != first
    finally:
        pooled.close_pool()


def test_the_broker_gets_the_same_database_with_its_options():
    row = database_from_url("postgresql://me:p%20w@h:5433/traces?sslmode=require")
    assert conninfo_to_dict(pgmq_options(row)["conn_string"]) == {
        "host": "h",
        "port": "5433",
        "dbname": "traces",
        "user": "me",
        "password": "p w",
        "sslmode": "require",
    }


def test_the_pool_is_no_option_of_the_broker():
    options = pgmq_options(database_from_url("postgresql://h/traces", pool=3))
    assert "pool" not in conninfo_to_dict(options["conn_string"])
