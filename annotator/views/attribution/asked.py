"""What a URL of the page asks for, and the parameters of methods as people type them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from annotator.numbers import whole_number
from annotator.views.attribution.shown import GRAINS
from scoring.attribution.registry import parameters
from scoring.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import QueryDict

    from scoring.attribution.base import MethodRow, Param

SCALES = {"path": "this path", "problem": "all paths of this problem"}
PREFIX = "p."


@dataclass(frozen=True, slots=True)
class Asked:
    """The view as the URL gives it; None and "" mean the default.

    Attributes:
        end: id of the step at which the path ends.
        model: id of the model.
        method: key of the attribution method.
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


def typed_params(row: MethodRow, typed: Mapping[str, str]) -> dict[str, Any]:
    """Return every parameter's value as typed, else its default.

    Raises:
        UnknownNameError, ParameterError: no such parameter, or a value out of its range.
    """
    known = {param.name: param for param in row.params}
    return parameters(
        row,
        {
            name: _value(row, known[name], text) if name in known else text
            for name, text in typed.items()
        },
    )


def _value(row: MethodRow, param: Param, text: str) -> Any:
    if isinstance(param.default, str):
        return text
    try:
        return int(text) if isinstance(param.default, int) else float(text)
    except ValueError:
        raise ParameterError(row.key, param.name, text, param.range) from None
