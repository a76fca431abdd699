"""Commands, run as the command line runs them."""

from __future__ import annotations

import io
import json


def run_command(module, *arguments):
    """Run the command of ``module`` with ``--json``; return its exit status and its one object."""
    out, err = io.StringIO(), io.StringIO()
    name = module.__name__.rsplit(".", 1)[-1]
    status = 0
    try:
        module.Command(stdout=out, stderr=err).run_from_argv(
            ["manage.py", name, *map(str, arguments), "--json"]
        )
    except SystemExit as left:
        status = int(left.code or 0)
    (line,) = out.getvalue().splitlines()
    return status, json.loads(line)
