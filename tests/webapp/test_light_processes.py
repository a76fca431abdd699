"""Web processes stay small: nothing they import may pull in torch, transformers, pyarrow or scipy."""

import json
import os
import subprocess
import sys

from django.conf import settings

HEAVY = (
    "torch",
    "transformers",
    "pyarrow",
    "tokenizers",
    "scipy",
    "openai",
    "scoring.tasks",
    "scoring.pipelines",
)
LIMIT_MB = 150
# Exporters are loaded by name, in workers and commands only; the Parquet one needs pyarrow.
LOADED_BY_NAME = "annotator.exporters.formats."
CODE = """
import importlib, json, pkgutil, sys
import django, psutil
django.setup()
from webapp.wsgi import application
import webapp.urls
for package in ("webapp", "annotator"):
    root = importlib.import_module(package)
    for module in pkgutil.walk_packages(root.__path__, f"{package}."):
        if not module.name.startswith(sys.argv[1]):
            importlib.import_module(module.name)
from scoring.reward.registry import ALL
for row in ALL.values():  # what the forms ask for
    row.settings()
print(json.dumps({
    "heavy": [name for name in sys.argv[2:] if name in sys.modules],
    "mb": psutil.Process().memory_info().rss / 2**20,
    "modules": sum(name.split(".")[0] in {"webapp", "annotator"} for name in sys.modules),
}))
"""


def test_every_web_module_together_loads_nothing_heavy_and_stays_small():
    done = subprocess.run(
        [sys.executable, "-c", CODE, LOADED_BY_NAME, *HEAVY],
        cwd=settings.BASE_DIR,
        env=os.environ | {"DATABASE_URL": "none:"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["modules"] > 60, "the walk went wrong"
    assert found["heavy"] == []
    assert found["mb"] <= LIMIT_MB


IO_RUNS = """
import importlib, json, sys
import django
django.setup()
from annotator.models import Job
from scoring.pipelines.runner import RUNS, load_run
for kind in RUNS:
    if Job.Kind(kind).queue == "io":
        load_run(kind)
print(json.dumps([name for name in ("torch", "transformers") if name in sys.modules]))
"""


def test_no_run_of_an_io_worker_loads_torch():
    done = subprocess.run(
        [sys.executable, "-c", IO_RUNS],
        cwd=settings.BASE_DIR,
        env=os.environ | {"DATABASE_URL": "none:"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == []
