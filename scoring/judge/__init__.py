"""Generative judges: a language model behind an OpenAI-compatible endpoint rates the steps of traces.

The names below are imported when they are asked for: whoever only needs the settings, such as a web
process, loads no HTTP client.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scoring.registry import load_target

if TYPE_CHECKING:
    from scoring.judge.config import JudgeConfig
    from scoring.judge.judge import Judge, Question, StepVerdict, TraceVerdicts

__all__ = ["Judge", "JudgeConfig", "Question", "StepVerdict", "TraceVerdicts"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return load_target(f"{__name__}.{'config' if name == 'JudgeConfig' else 'judge'}:{name}")
