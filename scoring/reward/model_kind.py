"""What a row of the registry of kinds says, and what can be done with it. Torch-free."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scoring.registry import load_target
from scoring.reward.settings import FieldSpec, describe, from_settings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from scoring.reward.config import BaseConfig
    from scoring.reward.manifest import Manifest
    from scoring.reward.scorer import Scorer


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelKind:
    """What every kind of reward model has, trained here or not.

    Attributes:
        key: stored in the database and in artefacts, never renamed.
        label: what a person reads in the menu.
        config: ``module:class`` of its torch-free config.
        version: raised when scores of the same weights would change.
        needs: what it learns from, or what a problem must have to be scored, in words.
        description: one sentence for the menu.
        loader: ``module:function`` from an artefact folder, its manifest and a torch device to a
            ``Scorer``.
        together: setting and value with which the answers to a problem are judged together, so that a
            new one changes what is said of the others; none = a step's score depends on the steps before
            it alone, and new steps can be scored without the old ones.
    """

    key: str
    label: str
    config: str
    version: str
    needs: tuple[str, ...] = ()
    description: str
    loader: str
    together: tuple[str, str] | None = None

    def judges_together(self, config: Mapping[str, Any]) -> bool:
        """Say whether a model with these settings has to read all answers to a problem at once."""
        return self.together is not None and config.get(self.together[0]) == self.together[1]

    def load_config(self) -> type[Any]:
        """Return the config class."""
        return load_target(self.config)

    def settings(self) -> tuple[FieldSpec, ...]:
        """Return the settings of this kind's config."""
        return describe(self.load_config())

    def make_config(self, settings: Mapping[str, str]) -> Any:
        """Build the config from ``--set`` texts."""
        return from_settings(self.load_config(), settings)

    def open(self, folder: Path, manifest: Manifest, device: str) -> Scorer:
        """Import what scores with a model of this kind (and torch with it) and open the artefact."""
        scorer: Scorer = load_target(self.loader)(folder, manifest, device)
        return scorer


@dataclass(frozen=True, slots=True, kw_only=True)
class KindRow(ModelKind):
    """One kind that is trained here.

    Attributes:
        target: ``module:class`` with ``make_head``, ``reward`` and ``losses`` (see ``kinds/prm.py``).
        objective: what it is trained for, a key of ``scoring.training.objectives.registry``; "" if that
            is what its members are trained for.
        streams: True if generated traces of the sample project have what it learns from.
        trainer: ``module:function`` that trains it, see ``fit_one`` in ``scoring.training.loop``.
    """

    loader: str = "scoring.reward.artefact:open_trained"
    target: str
    objective: str = ""
    streams: bool = False
    trainer: str = "scoring.training.loop:fit_one"

    def load(self, config: BaseConfig, **fixed: Any) -> Any:
        """Import the kind (and torch with it) and bind it to ``config``.

        Args:
            config: its settings.
            **fixed: what a trained kind's ``fixed`` held.
        """
        return load_target(self.target)(config, **fixed)


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedKind(ModelKind):
    """One kind that is not trained but added: settings name what scores, and that is all there is.

    Its config has a field ``model``, what a list of models shows as its base. Fields that lead to
    something outside are marked with ``reaches``. The artefact is a folder with a manifest alone.

    Attributes:
        remote: another server scores: a worker without a device asks it, in a job of its own.
    """

    remote: bool = False
