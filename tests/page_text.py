"""Pages as text that may be searched for short words."""

from __future__ import annotations

import re


def without_tokens(html: str) -> str:
    """Return ``html`` without forgery tokens, 64 random letters in which any word can turn up."""
    return re.sub(r"\b[A-Za-z0-9]{64}\b", "", html)
