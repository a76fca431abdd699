"""The form of the criteria: one line each, lines with a number that says how important they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from annotator.errors import InvalidError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django.http import QueryDict

    from annotator.errors import AnnotatorError

MOST_LINES = 40
BLANK = {"key": "", "label": "", "help": "", "margin": 0, "gate": False, "retired": False}


class CriteriaForm:
    """Lines ``key-N label-N help-N margin-N gate-N retired-N order-N remove-N``, N from 0."""

    def __init__(self, sent: QueryDict | None, *, rows: Sequence[Mapping[str, Any]]) -> None:
        self.sent = sent
        self.rows = [dict(row) for row in rows]
        self.error = ""

    def rows_sent(self) -> list[dict[str, Any]]:
        """Return the lines in the order that their numbers ask for; empty new lines are left out.

        Raises:
            InvalidError: a margin or an order that is no number.
        """
        lines = [line for line in self._lines_sent() if line["label"].strip() or line["key"]]
        self.rows = lines
        kept = [line for line in lines if not line["remove"]]
        order = [self._number(line, "order", "place in the order") for line in kept]
        return [
            {
                "key": line["key"],
                "label": line["label"],
                "help": line["help"],
                "margin": self._number(line, "margin", "margin"),
                "gate": line["gate"],
                "retired": line["retired"],
            }
            for _, line in sorted(zip(order, kept, strict=True), key=lambda pair: pair[0])
        ]

    def refused(self, error: AnnotatorError) -> None:
        """Keep what the service said, above the form."""
        self.error = error.message

    def lines(self, used: Mapping[str, int]) -> list[dict[str, Any]]:
        """Return the lines to draw, with a blank one at the end and how often each is used."""
        return [
            {
                "number": number,
                "order": row.get("order") or number + 1,
                "used": used.get(str(row["key"]), 0),
                **{name: row.get(name, blank) for name, blank in BLANK.items()},
            }
            for number, row in enumerate([*self.rows, BLANK])
        ]

    def _lines_sent(self) -> list[dict[str, Any]]:
        sent = self.sent
        if sent is None:
            return []
        numbers = [n for n in range(MOST_LINES) if f"label-{n}" in sent]
        return [
            {
                **{
                    name: sent.get(f"{name}-{n}", "")
                    for name in ("key", "label", "help", "margin", "order")
                },
                **{name: f"{name}-{n}" in sent for name in ("gate", "retired", "remove")},
            }
            for n in numbers
        ]

    @staticmethod
    def _number(line: Mapping[str, Any], name: str, words: str) -> float:
        text = str(line[name]).strip().replace(",", ".")
        try:
            return float(text or 0)
        except ValueError:
            reason = f"The {words} of '{line['label'][:60]}' is a number, not '{text[:20]}'."
            raise InvalidError(reason, fields={"criteria": reason}) from None
