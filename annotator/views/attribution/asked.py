"""What a URL of the page asks for, and the parameters as people type them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from annotator.numbers import whole_number
from annotator.views.attribution.units import GRAINS
from scoring.attribution.choices import typed_values

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import QueryDict

    from scoring.attribution.choices import Choice

SCALES = {"path": "this path", "problem": "all paths of this problem"}
PREFIX = "p."


@dataclass(frozen=True, slots=True)
class Asked:
    """The view as the URL gives it; None and "" mean the default.

    Attributes:
        end: id of the step at which the path ends.
        model: id of the model.
        method: key of the attribution method, or ``signal:KEY``.
        by: a key of ``GRAINS``.
        scale: a key of ``SCALES``.
        params: parameters of the method as they were typed, by name.
    """

    end: int | None = None
    model: int | None = None
    method: str = ""
    by: str = "token"
    scale: str = "path"
    params: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_query(cls, query: QueryDict) -> Asked:
        """Read the query of a URL or the fields of a form."""
        by, scale = query.get("by", ""), query.get("scale", "")
        return cls(
            end=whole_number(query.get("end", "")),
            model=whole_number(query.get("model", "")),
            method=query.get("method", "")[:40],
            by=by if by in GRAINS else "token",
            scale=scale if scale in SCALES else "path",
            params={
                name.removeprefix(PREFIX): query.get(name, "")[:100]
                for name in query
                if name.startswith(PREFIX) and query.get(name)
            },
        )

    def query(self, **changes: object) -> str:
        """Return the query string of this view with some parts changed; None drops one."""
        parts: dict[str, object] = {
            "end": self.end,
            "model": self.model,
            "method": self.method,
            "by": self.by if self.by != "token" else None,
            "scale": self.scale if self.scale != "path" else None,
        }
        parts |= {f"{PREFIX}{name}": text for name, text in self.params.items()}
        if "method" in changes:  # parameters are of one method
            parts = {name: value for name, value in parts.items() if not name.startswith(PREFIX)}
        parts |= changes
        return "?" + urlencode({name: value for name, value in parts.items() if value})


def typed_params(row: Choice, typed: Mapping[str, str]) -> dict[str, Any]:
    """Return every parameter's value as typed, else its default.

    Raises:
        UnknownNameError, ParameterError: no such parameter, or a value out of its range.
    """
    return typed_values(row.key, typed)
