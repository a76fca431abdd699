"""What a person can choose for an export, and the choices that several formats share."""

from __future__ import annotations

from dataclasses import dataclass

from annotator.errors import InvalidError
from scoring.preference.types import LEVELS


@dataclass(frozen=True, slots=True)
class OptionRow:
    """A choice that the person may make; the default's type is the option's type.

    Attributes:
        choices: allowed texts, empty for a whole number or free text.
        low: smallest number.
    """

    name: str
    label: str
    default: str | int
    help: str
    choices: tuple[str, ...] = ()
    low: int = 0

    def checked(self, value: object) -> str | int:
        """Return ``value`` as the option's type.

        Raises:
            InvalidError: naming the option and what it takes.
        """
        if isinstance(self.default, int):
            try:
                number = int(str(value))
            except ValueError:
                number = self.low - 1
            if number >= self.low:
                return number
            expected = f"a whole number from {self.low} on"
        elif not self.choices or value in self.choices:
            return str(value)
        else:
            expected = " or ".join(self.choices)
        message = f"option '{self.name}': expected {expected}, got '{value}'"
        raise InvalidError(message, fields={self.name: message})


SEPARATOR = OptionRow(
    "separator",
    "Between steps",
    "\n\n",
    "text put after the problem and after each step of a prefix",
)
CAP = OptionRow(
    "max_per_problem",
    "Rows per problem",
    64,
    "a seeded sample of this size is taken from problems with more; 0 = no limit",
)
OUTCOME = OptionRow("outcome", "Outcome", "correct", "name of the outcome that compares traces")
EVERY_LEVEL = "every"
LEVEL = OptionRow(
    "level",
    "Level",
    EVERY_LEVEL,
    "which pairs: of steps, of branches, of traces, or all of them together",
    (EVERY_LEVEL, *LEVELS),
)
YES_NO = ("yes", "no")
DETAILS = OptionRow(
    "details",
    "Details",
    "yes",
    "columns that say what stands behind a row; trainers pass them over",
    YES_NO,
)
