"""How answers are written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework.renderers import JSONRenderer

if TYPE_CHECKING:
    from collections.abc import Mapping


class EscapingRenderer(JSONRenderer):
    """JSON in ASCII."""

    ensure_ascii = True


class WholeJSONRenderer(JSONRenderer):
    """JSON in UTF-8; half a surrogate pair, which UTF-8 cannot hold, leaves as its escape.

    Nothing stored has one, but a sentence about a wrong value quotes it.
    """

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        """Return ``data`` as JSON, all in ASCII where UTF-8 fails."""
        try:
            return super().render(data, accepted_media_type, renderer_context)
        except UnicodeEncodeError:
            return EscapingRenderer().render(data, accepted_media_type, renderer_context)
