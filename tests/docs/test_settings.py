import re

from django.conf import settings

DOC = (settings.BASE_DIR / "docs" / "settings.md").read_text()
CODE = (settings.BASE_DIR / "webapp" / "settings.py").read_text()


def test_every_setting_has_a_row_and_every_row_a_setting():
    read = set(re.findall(r'env_\w+\(\s*"([A-Z_]+)"', CODE))
    told = set(re.findall(r"^\| `([A-Z_]+)` \|", DOC, re.MULTILINE))
    assert len(read) > 15
    assert read == told


def test_only_the_settings_read_the_environment():
    allowed = {
        "webapp/env.py",  # the readers
        "webapp/wsgi.py",  # names the settings module
        "webapp/celery.py",  # names the settings module
        "scoring/worker.py",  # names the settings module
        "webapp/postgres.py",  # a program's search path
        # these start processes that inherit it
        "webapp/processes.py",
        "webapp/startup.py",
        "annotator/services/jobs/wait.py",
        "scoring/training/launch.py",  # what torch reads in each process of a team
    }
    found = {
        str(path.relative_to(settings.BASE_DIR))
        for folder in ("webapp", "annotator", "scoring")
        for path in (settings.BASE_DIR / folder).rglob("*.py")
        if re.search(r"os\.(environ|getenv|defpath)", path.read_text())
    }
    assert found - allowed == set()
