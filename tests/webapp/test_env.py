import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from webapp import env


@pytest.mark.parametrize(
    ("text", "value"), [("1", True), ("Yes", True), ("off", False), ("0", False), ("", True)]
)
def test_switches(monkeypatch, text, value):
    monkeypatch.setenv("TW_X", text)
    assert env.env_bool("TW_X", True) is value


def test_a_bad_switch_stops_with_a_sentence(monkeypatch):
    monkeypatch.setenv("TW_X", "maybe")
    with pytest.raises(ImproperlyConfigured, match="TW_X='maybe' is not a switch; use 1 or 0"):
        env.env_bool("TW_X", True)


@pytest.mark.parametrize("text", ["ten", "0", "65536", "1.5"])
def test_a_bad_number_names_its_limits(monkeypatch, text):
    monkeypatch.setenv("TW_X", text)
    with pytest.raises(ImproperlyConfigured, match="whole number from 1 to 65535"):
        env.env_int("TW_X", 1, low=1, high=65535)


def test_an_unknown_choice_names_the_known_ones(monkeypatch):
    monkeypatch.setenv("TW_X", "xml")
    with pytest.raises(ImproperlyConfigured, match="known: text, json"):
        env.env_choice("TW_X", "text", ("text", "json"))


def test_a_secret_is_made_once_and_private(monkeypatch, tmp_path):
    monkeypatch.delenv("TW_X", raising=False)
    file = tmp_path / "secret"
    first = env.env_secret("TW_X", file)
    assert env.env_secret("TW_X", file) == first
    assert len(first) >= 50
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]


def test_a_secret_may_come_from_the_environment_or_a_named_file(monkeypatch, tmp_path):
    named = tmp_path / "named"
    named.write_text("from-file\n")
    monkeypatch.setenv("TW_X_FILE", str(named))
    assert env.env_secret("TW_X", tmp_path / "unused") == "from-file"
    monkeypatch.setenv("TW_X", "direct")
    assert env.env_secret("TW_X", tmp_path / "unused") == "direct"
    assert not (tmp_path / "unused").exists()


def test_an_empty_secret_file_is_refused(monkeypatch, tmp_path):
    monkeypatch.delenv("TW_X", raising=False)
    (tmp_path / "secret").touch()
    with pytest.raises(ImproperlyConfigured, match="is empty; delete it"):
        env.env_secret("TW_X", tmp_path / "secret")


def test_a_folder_is_made_private_and_its_parents_are_left_alone(monkeypatch, tmp_path):
    (tmp_path / "a").mkdir(mode=0o755)
    (tmp_path / "a" / "b").mkdir(mode=0o755)
    monkeypatch.setenv("TW_X", str(tmp_path / "a" / "b"))
    folder = env.env_folder("TW_X", tmp_path)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert folder.parent.stat().st_mode & 0o777 == 0o755


def test_a_file_in_the_place_of_the_folder_is_named(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("TW_X", str(tmp_path / "file"))
    with pytest.raises(ImproperlyConfigured, match="cannot be used as a private folder"):
        env.env_folder("TW_X", tmp_path)


def run(home, code="", **extra):
    clean = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("TRACEWOOD_", "DJANGO_", "DATABASE_"))
    }
    return subprocess.run(
        [sys.executable, "-c", code],
        env=clean
        | {"TRACEWOOD_HOME": str(home), "DJANGO_SETTINGS_MODULE": "webapp.settings"}
        | extra,
        capture_output=True,
        text=True,
        check=False,
    )


SHOW = (
    "from django.conf import settings as s\n"
    "print(s.TRACEWOOD_PORT, s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.SECRET_KEY, "
    "s.DATABASES['default']['HOST'])"
)


def test_two_homes_differ_in_everything_that_could_collide(tmp_path):
    first = run(tmp_path / "one", SHOW).stdout.split()
    second = run(tmp_path / "two", SHOW).stdout.split()
    assert len(first) == len(second) == 5
    assert not set(first) & set(second)
    assert run(tmp_path / "one", SHOW).stdout.split() == first


@pytest.mark.parametrize(
    "arguments", [["--help"], ["check"], ["help", "migrate"], ["import_traces", "--help"]]
)
def test_asking_for_help_does_not_start_the_database(tmp_path, arguments):
    code = f"import manage, sys; sys.argv = ['manage.py', *{arguments!r}]; manage.main()"
    done = run(tmp_path / "home", code)
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "home" / "postgres").exists()


BAD_SETTINGS = [
    ({"DATABASE_URL": "garbage"}, "DATABASE_URL must look like"),
    ({"DATABASE_URL": "postgresql://h/n?colour=red"}, 'invalid connection option "colour"'),
    ({"TRACEWOOD_PORT": "99999"}, "TRACEWOOD_PORT='99999' is not a whole number"),
    ({"TRACEWOOD_HOME": "/dev/null/home"}, "/dev/null/home cannot be used as a private folder"),
]


@pytest.mark.parametrize(("extra", "words"), BAD_SETTINGS)
@pytest.mark.parametrize("arguments", [["import_traces", "x"], ["import_traces", "--json"]])
def test_bad_settings_are_a_sentence_or_one_object(tmp_path, arguments, extra, words):
    code = f"import manage, sys; sys.argv = ['manage.py', *{arguments!r}]; manage.main()"
    done = run(tmp_path / "home", code, **extra)
    assert done.returncode == 2
    if "--json" in arguments:
        (line,) = done.stdout.splitlines()
        error = json.loads(line)["error"]
        assert (error["code"], done.stderr) == ("settings", "")
        assert words in error["message"]
    else:
        (line,) = done.stderr.splitlines()
        assert words in line
        assert done.stdout == ""


@pytest.mark.parametrize(
    ("url", "part"),
    [
        ("sqlite:///x.db", "postgresql://user:password@host:5432/name"),
        ("postgresql://host", "postgresql://user:password@host:5432/name"),
        ("postgresql://host:port/name", "cannot be read"),
    ],
)
def test_a_bad_database_url_stops_with_a_sentence(tmp_path, url, part):
    done = run(tmp_path / "home", "import django; django.setup()", DATABASE_URL=url)
    assert done.returncode != 0
    assert part in done.stderr


def test_folders_are_absolute(monkeypatch):
    monkeypatch.setenv("TW_X", "/srv/models, ~/own")
    assert env.env_folders("TW_X") == [Path("/srv/models"), Path.home() / "own"]
    monkeypatch.setenv("TW_X", "")
    assert env.env_folders("TW_X") == []
    monkeypatch.setenv("TW_X", "/srv/models,models")
    with pytest.raises(ImproperlyConfigured, match="TW_X: models is not absolute"):
        env.env_folders("TW_X")


def test_hosts_have_names_and_perhaps_ports(monkeypatch):
    assert env.env_hosts("TW_X", "localhost") == {"localhost", "127.0.0.1", "[::1]"}
    monkeypatch.setenv("TW_X", "API.example.com, 10.0.0.5:8000, localhost:9000")
    assert env.env_hosts("TW_X", "localhost") == {
        *("api.example.com", "10.0.0.5:8000"),
        *("localhost:9000", "127.0.0.1:9000", "[::1]:9000"),
    }


@pytest.mark.parametrize(
    "text", ["http://host", "host/path", "*.example.com", "user@host", "host:x"]
)
def test_what_is_no_host_stops_with_a_sentence(monkeypatch, text):
    monkeypatch.setenv("TW_X", text)
    with pytest.raises(ImproperlyConfigured, match=r"TW_X: .* is not a host such as"):
        env.env_hosts("TW_X", "localhost")


def test_a_key_belongs_to_a_host(monkeypatch):
    monkeypatch.setenv("TW_X", "MY_KEY=api.example.com, OTHER_KEY=localhost:8000")
    monkeypatch.setenv("MY_KEY", "secret")
    assert env.env_host_keys("TW_X") == {
        ("MY_KEY", "api.example.com"): "secret",
        ("OTHER_KEY", "localhost:8000"): "",
        ("OTHER_KEY", "127.0.0.1:8000"): "",
        ("OTHER_KEY", "[::1]:8000"): "",
    }


@pytest.mark.parametrize("text", ["sk-secret", "MY_KEY=sk_secret/x"])
def test_a_key_written_into_the_wrong_place_is_not_repeated(monkeypatch, text):
    monkeypatch.setenv("TW_X", text)
    with pytest.raises(ImproperlyConfigured, match="entry 1 is not VARIABLE=host") as caught:
        env.env_host_keys("TW_X")
    assert "secret" not in str(caught.value)
