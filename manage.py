#!/usr/bin/env python
"""Run Django's commands and Tracewood's own (``manage.py help``)."""

from __future__ import annotations

import json
import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

BAD_SETTINGS = 2


def main() -> None:
    """Run the command named on the command line.

    Settings that cannot be used are told as the commands tell their errors: a sentence on stderr,
    with ``--json`` one object on stdout, exit status 2.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        if "--json" in sys.argv:
            told = {"error": {"code": "settings", "message": str(error)}}
            print(json.dumps(told, ensure_ascii=False))  # noqa: T201 - the answer
        else:
            print(error, file=sys.stderr)  # noqa: T201 - the answer
        sys.exit(BAD_SETTINGS)


if __name__ == "__main__":
    main()
