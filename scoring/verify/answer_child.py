"""``python -m scoring.verify.answer_child``: compares answers, one JSON line in, one out.

Says ``"ready"`` when the library is loaded. Its parent (``AnswerChecker``) watches the clock.
"""

from __future__ import annotations

import json
import logging
import resource
import sys
from typing import Any

MEMORY = 2 * 2**30


def main() -> None:
    """Answer questions until stdin ends."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    logging.disable(logging.CRITICAL)
    from math_verify import parse, verify

    def read(text: str) -> list[Any]:
        found: list[Any] = parse(text, parsing_timeout=None)
        return found

    _say("ready")
    for line in sys.stdin:
        question = json.loads(line)
        try:
            reference = read(question["reference"]) or read(f"${question['reference']}$")
            answer = read(question["answer"])
            known = reference and answer
            _say(verify(reference, answer, timeout_seconds=None) if known else None)
        except (MemoryError, RecursionError):
            _say(None)


def _say(what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
