"""The project under fire, made in a process with Django."""

from __future__ import annotations

from typing import Any

STEPS = 3


def fill(clients: int, items: int) -> dict[str, Any]:
    """Make a project with a person per client, and problems of one trace each."""
    from django.contrib.auth.models import User
    from django.db import connection

    from annotator.models import Membership, Problem, Step, Trace
    from annotator.services.people.tokens import token_create
    from annotator.services.projects.projects import project_create

    owner = User.objects.create_user("owner")
    project = project_create(name="stress", owner=owner)
    tokens = []
    for number in range(clients):
        user = User.objects.create_user(f"client{number}")
        Membership.objects.create(project=project, user=user, role="annotator")
        tokens.append(token_create(user=user, name="stress").secret)
    for number in range(items):
        problem = Problem.objects.create(
            project=project,
            key=number.to_bytes(16),
            prompt=f"{number} + 1",
            n_steps=STEPS,
            n_traces=1,
            max_depth=STEPS,
        )
        step = None
        for depth in range(1, STEPS + 1):
            step = Step.objects.create(
                problem=problem,
                parent=step,
                preorder=depth,
                subtree_end=STEPS + 1,
                depth=depth,
                text=f"step {depth}",
                text_hash=depth.to_bytes(16),
            )
        Trace.objects.create(problem=problem, end=step, ordinal=0)
    settings = connection.get_connection_params()
    dsn = {key: settings[key] for key in ("host", "port", "user", "dbname") if key in settings}
    return {"tokens": tokens, "owner": token_create(user=owner, name="stress").secret, "dsn": dsn}
