"""Generative judges: a language model behind an OpenAI-compatible endpoint rates the steps of traces."""

from scoring.judge.config import JudgeConfig
from scoring.judge.judge import Judge, Question, StepVerdict, TraceVerdicts

__all__ = ["Judge", "JudgeConfig", "Question", "StepVerdict", "TraceVerdicts"]
