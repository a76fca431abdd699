"""A small run on twelve problems."""

from __future__ import annotations

from scoring.training.config import RunConfig
from scoring.training.loop import fit
from tests.scoring.reward_cases import labelled

SMALL = {
    "steps": "12",
    "step_tokens": "120",
    "tiny_layers": "1",
    "tiny_width": "64",
    "tiny_vocabulary": "400",
    "log_every": "2",
    "evaluate_every": "6",
    "checkpoint_every": "5",
}


TRAIN = [labelled(i) for i in range(12)]
HELD = [labelled(100 + i) for i in range(6)]


def run(folder, settings=(), train=TRAIN, held=HELD, **more):
    config = RunConfig.from_settings({**SMALL, **dict(settings)})
    rows: dict[tuple[int, str], float] = {}

    def keep(step, values):
        rows.update({(step, name): value for name, value in values.items()})

    result = fit(config, train, held, out_dir=folder, on_metric=keep, **more)
    return result, rows
