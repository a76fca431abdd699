"""Token signals from one forward: ``from scoring.attribution.signals import SIGNALS, signal``."""

from scoring.attribution.signals.base import Signal
from scoring.attribution.signals.registry import SIGNALS, signal

__all__ = ["SIGNALS", "Signal", "signal"]
