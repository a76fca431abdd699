"""``manage.py add_reward_model --project NAME --kind KEY --set k=v``: add a model that needs no training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from annotator.management.output import Answer, ContractCommand, key_value
from annotator.services.models.added import added_checked, reward_model_add
from annotator.services.projects.projects import project_get_or_create
from scoring.reward.registry import ADDED

if TYPE_CHECKING:
    from django.core.management.base import CommandParser


class Command(ContractCommand):
    """Check the settings and add the model; ``score_traces`` scores with it."""

    help = "Add a reward model that scores without being trained here."

    def add_own_arguments(self, parser: CommandParser) -> None:
        """Name project, kind and settings."""
        parser.add_argument("--project", required=True, metavar="NAME")
        parser.add_argument("--kind", required=True, metavar="KEY", help=", ".join(ADDED))
        parser.add_argument("--name", default="", metavar="NAME")
        parser.add_argument(
            "--set", action="append", default=[], type=key_value, metavar="k=v", help="a setting"
        )

    def answer(self, options: dict[str, Any]) -> Answer:
        """Add it in this process; nothing of the model is opened."""
        settings = dict(options["set"])
        # Before a project is made.
        added_checked(kind=options["kind"], settings=settings, any_folder=True)
        model = reward_model_add(
            project=project_get_or_create(name=options["project"]),
            kind=options["kind"],
            settings=settings,
            name=options["name"],
            any_folder=True,
        )
        data = {"model": model.name, "version": model.version, "kind": model.kind}
        return Answer(
            {**data, "config": model.config},
            [f"Model '{model.name}' v{model.version}; score with it: score_traces"],
        )
