"""``manage.py list_reward_models --project NAME``: which models there are and how far each is behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from annotator.management.output import Answer, ContractCommand
from annotator.queries.models import reward_models_of
from annotator.queries.projects import project_named
from annotator.queries.staleness import behind

if TYPE_CHECKING:
    from django.core.management.base import CommandParser

    from annotator.queries.staleness import Behind


class Command(ContractCommand):
    """List the reward models of a project, newest first."""

    help = "List the reward models of a project and say how far each is behind it."

    def add_own_arguments(self, parser: CommandParser) -> None:
        """Name the project."""
        parser.add_argument("--project", required=True, metavar="NAME")

    def answer(self, options: dict[str, Any]) -> Answer:
        """Read; nothing is changed."""
        project = project_named(name=options["project"])
        models = list(reward_models_of(project=project))
        told = behind(project=project, models=models)
        rows = [
            {
                "id": model.pk,
                "model": model.name,
                "version": model.version,
                "kind": model.kind,
                "ready": model.ready,
                "behind": told[model.pk].to_dict() if model.pk in told else None,
            }
            for model in models
        ]
        lines = [f"{model} ({model.kind}): {_words(told.get(model.pk))}" for model in models]
        return Answer({"models": rows}, lines or ["No models yet."])


def _words(told: Behind | None) -> str:
    if told is None:
        return "not trained yet"
    if told.unscored is None:
        scores = "has scored nothing"
    else:
        steps = "step" if told.unscored == 1 else "steps"
        scores = f"{told.unscored:,} {steps} without a score" if told.unscored else ""
    return ", ".join(filter(None, (told.stale.words, scores))) or "up to date"
