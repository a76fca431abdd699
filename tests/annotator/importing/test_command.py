"""The command's contract: one object on stdout, exit statuses, no traceback."""

import json

import pytest
from django.core.management import call_command
from django.db import OperationalError, ProgrammingError, connection, transaction
from django.db.migrations.recorder import MigrationRecorder

from annotator.management.commands.import_traces import Command
from annotator.models import Problem, Project
from annotator.services.imports import records

pytestmark = pytest.mark.django_db

LINE = {"prompt": "1 + 1?", "completions": ["1 + 1 = 2", "So 2."], "labels": [True, True]}
COUNTS = {
    "format", "accepted", "unchanged", "rejected", "problems", "traces", "steps", "labels",
    "scores", "rankings", "errors",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _open_connection(monkeypatch):
    """Commands close their connections at the end; the test's own is needed after it."""
    monkeypatch.setattr("django.core.management.base.connections.close_all", lambda: None)


@pytest.fixture
def good(tmp_path):
    path = tmp_path / "good.jsonl"
    path.write_text(json.dumps(LINE) + "\n")
    return path


@pytest.fixture
def mixed(tmp_path):
    path = tmp_path / "mixed.jsonl"
    path.write_text(json.dumps(LINE | {"prompt": "2 + 2?"}) + "\n{\n")
    return path


def run(capsys, *args):
    """Run the command as the command line does; return status, the JSON object and stderr."""
    status = 0
    try:
        Command().run_from_argv(["manage.py", "import_traces", *map(str, args), "--json"])
    except SystemExit as error:
        status = error.code
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    return status, json.loads(out), err


def test_everything_in_is_status_0_and_makes_the_project(capsys, good):
    status, data, _ = run(capsys, good, "--project", "New")

    assert status == 0
    assert set(data) >= COUNTS
    assert (data["format"], data["accepted"], data["steps"]) == ("trl_stepwise", 1, 2)
    assert "error" not in data
    assert Project.objects.get().name == "New"


def test_several_files_are_added_up(capsys, good, mixed):
    status, data, _ = run(capsys, good, mixed, good, "--project", "p")

    assert status == 1
    assert (data["accepted"], data["unchanged"], data["rejected"]) == (3, 1, 1)
    assert data["errors"] == [
        {"file": "mixed.jsonl", "line": 2, "record": 1, "reason": data["errors"][0]["reason"]}
    ]
    assert data["error"] == {
        "code": "records_rejected",
        "message": "1 of 4 records were rejected",
    }


def test_a_missing_file_beside_a_good_one_is_status_1(capsys, good, tmp_path):
    status, data, _ = run(capsys, good, tmp_path / "none.jsonl", "--project", "p")

    assert (status, data["accepted"], data["rejected"]) == (1, 1, 0)
    assert data["errors"][0]["file"] == "none.jsonl"
    assert data["error"] == {"code": "no_such_file", "message": "none.jsonl does not exist"}


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (["{folder}", "--project", "p"], "not_a_file"),
        (["{folder}/none", "--project", "p"], "no_such_file"),
        (["{good}", "--project", "p", "--format", "nonsense"], "unknown_name"),
        (["{good}", "--project", "a/b"], "invalid"),
        (["{good}"], "usage"),
        (["--project", "p"], "usage"),
        (["{good}", "--project", "p", "--nonsense"], "usage"),
    ],
)
def test_a_call_that_can_do_nothing_is_status_2_and_says_why(capsys, good, args, code):
    words = [arg.format(folder=good.parent, good=good) for arg in args]

    status, data, _ = run(capsys, *words)

    assert (status, data["error"]["code"]) == (2, code)
    assert data["error"]["message"]
    assert not Problem.objects.exists()


def test_a_file_of_bad_records_only_is_status_2(capsys, tmp_path):
    path = tmp_path / "bad.jsonl"
    path.write_text("{\nhello\n")

    status, data, _ = run(capsys, path, "--project", "p", "--format", "trl_stepwise")

    assert (status, data["rejected"]) == (2, 2)


def test_a_dry_run_leaves_no_project_behind(capsys, mixed):
    status, data, _ = run(capsys, mixed, "--project", "p", "--dry-run")

    assert (status, data["accepted"], data["dry_run"]) == (1, 1, True)
    assert not Project.objects.exists()


def test_a_database_that_is_not_there_is_a_sentence(capsys, good, monkeypatch):
    def gone(**_):
        raise OperationalError("connection refused\n\tIs the server running?")

    monkeypatch.setattr("annotator.management.commands.import_traces.project_get_or_create", gone)

    status, data, _ = run(capsys, good, "--project", "p")

    assert status == 2
    assert data["error"] == {
        "code": "database",
        "message": "The database is not there: connection refused",
    }


@pytest.fixture
def missing_table(monkeypatch):
    """Let the command meet a table that is not there."""

    def read(**_):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM annotator_not_there")

    monkeypatch.setattr("annotator.management.commands.import_traces.project_get_or_create", read)


@pytest.mark.usefixtures("missing_table")
def test_a_database_that_was_never_prepared_is_a_sentence(capsys, good):
    MigrationRecorder(connection).migration_qs.filter(app="annotator").delete()

    status, data, _ = run(capsys, good, "--project", "p")

    assert (status, data["error"]["code"]) == (2, "database")
    assert "run `manage.py up` or `manage.py migrate` first" in data["error"]["message"]


@pytest.mark.usefixtures("missing_table")
def test_a_query_that_is_wrong_is_not_blamed_on_the_database(capsys, good):
    with pytest.raises(ProgrammingError):
        run(capsys, good, "--project", "p")


def test_a_disk_that_fills_up_keeps_what_is_in_and_says_so(capsys, tmp_path, monkeypatch):
    path = tmp_path / "long.jsonl"
    path.write_text("".join(json.dumps(LINE | {"prompt": f"{i}?"}) + "\n" for i in range(9)))
    write, left = records.write_trees, iter([True, True])

    def until_full(target, batch):
        if not next(left, False):
            raise OperationalError("could not extend file: No space left on device\nHINT: Free it.")
        return write(target, batch)

    monkeypatch.setattr("annotator.services.imports.collect.BATCH_STEPS", 4)
    monkeypatch.setattr(records, "write_trees", until_full)

    status, data, _ = run(capsys, path, path, "--project", "p")

    assert (status, data["accepted"], Problem.objects.count()) == (1, 4, 4)
    assert data["error"]["code"] == "database"
    assert "No space left on device. What was stored before stays" in data["error"]["message"]


def test_people_read_lines_with_places(mixed, capsys):
    with pytest.raises(SystemExit, match="1"):
        call_command("import_traces", str(mixed), project="p")

    out, err = capsys.readouterr()
    assert "Records: 1 new, 0 already there, 1 refused." in out
    assert "mixed.jsonl:2: " in out
    assert "1 of 2 records were rejected" in err


def test_every_refused_file_is_told_once(tmp_path, capsys):
    names = ["one.jsonl", "two.jsonl"]
    for name in names:
        (tmp_path / name).write_text('{"neither": "trace"}\n')
    with pytest.raises(SystemExit):
        Command().run_from_argv(
            [
                "manage.py",
                "import_traces",
                *(str(tmp_path / name) for name in names),
                "--project",
                "demo",
            ]
        )
    out, err = capsys.readouterr()
    for name in names:
        assert (out + err).count(f"{name}: the file looks like none of the known formats") == 1
        assert f"{name}: {name}" not in out + err
    assert "2 files were refused; the reasons are listed" in err
