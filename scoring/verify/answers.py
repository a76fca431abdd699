"""Final answers against a reference, by the library math-verify in a process of its own.

Computer algebra on untrusted text may take for ever or all memory, so it happens in a child with a memory
limit that is killed when it takes too long; the next question starts a new one. A question that is not answered
in time, a reference or an answer in which nothing can be read: no verdict, which is never "wrong".

Source: math-verify 0.9.0 (github.com/huggingface/Math-Verify).
"""

from __future__ import annotations

import atexit
import json
import os
import select
import subprocess
import sys
import time
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Self

from scoring.errors import CheckerError
from scoring.types import ROOT, LabelRecord
from scoring.verify.arithmetic import Verdict

if TYPE_CHECKING:
    from scoring.types import RaterRecord, TreeRecord

LIBRARY = "math-verify"
SECONDS = 5.0
"""For one comparison."""
START_SECONDS = 120.0
"""For the child to load computer algebra, once."""
MAX_REFERENCE = 2_000
MAX_ANSWER = 5_000
"""Longer answers are read from this many characters before their end."""
_ROOT = Path(__file__).parents[2]
_COMMAND = (sys.executable, "-m", "scoring.verify.answer_child")
_VERDICTS = {True: Verdict.TRUE, False: Verdict.FALSE, None: Verdict.NOTHING}


class AnswerChecker:
    """Compares answers with references; holds one child, started by the first question.

    Attributes:
        seconds: limit of one comparison.
        late: questions that ran into it, or ended the child otherwise.
    """

    def __init__(self, seconds: float = SECONDS) -> None:
        self.seconds = seconds
        self.late = 0
        self._child: subprocess.Popen[bytes] | None = None
        self._read = b""

    def check(self, answer: str, reference: str) -> Verdict:
        """Say whether ``answer``, any text that ends in one, agrees with ``reference``.

        Raises:
            CheckerError: computer algebra cannot be started at all.
        """
        if not answer.strip() or not reference.strip() or len(reference) > MAX_REFERENCE:
            return Verdict.NOTHING
        question = {"answer": answer[-MAX_ANSWER:], "reference": reference}
        said = self._ask(json.dumps(question).encode() + b"\n")
        return Verdict.NOTHING if said is None else _VERDICTS[json.loads(said)]

    def close(self) -> None:
        """End the child."""
        if self._child is not None:
            self._child.kill()
            self._child.communicate()
            self._child = None
        self._read = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(self, line: bytes) -> bytes | None:
        """Return the child's answer; None if it took too long or died, and then it is gone."""
        try:
            child = self._started()
            assert child.stdin is not None  # noqa: S101 - made with a pipe
            child.stdin.write(line)
            child.stdin.flush()
            said = self._line(child, self.seconds)
        except OSError:  # it died before it read the question
            said = None
        if said is None:
            self.late += 1
            self.close()
        return said

    def _started(self) -> subprocess.Popen[bytes]:
        if self._child is None:
            self._child = subprocess.Popen(  # noqa: S603 - our own module
                _COMMAND,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=_ROOT,
                # Nothing of ours is its business: no database address, no keys.
                env={"LANG": "C.UTF-8"},
                start_new_session=True,
            )
            if self._line(self._child, START_SECONDS) is None:
                self.close()
                raise CheckerError(
                    f"The checker of final answers did not start within {START_SECONDS:g} s. Is "
                    f"{LIBRARY} installed (`pip install -r requirements.txt`), and is there memory "
                    "for it? What was checked is kept; go on when it starts again."
                )
        return self._child

    def _line(self, child: subprocess.Popen[bytes], seconds: float) -> bytes | None:
        """Return the next line of the child's, None at its end or after ``seconds``."""
        assert child.stdout is not None  # noqa: S101 - made with a pipe
        until = time.monotonic() + seconds
        while b"\n" not in self._read:
            left = until - time.monotonic()
            if left <= 0 or not select.select([child.stdout], [], [], left)[0]:
                return None
            more = os.read(child.stdout.fileno(), 65_536)
            if not more:
                return None
            self._read += more
        line, _, self._read = self._read.partition(b"\n")
        return line


def library_version() -> str:
    """Return the version of the library, stored with every verdict.

    Raises:
        CheckerError: it is not installed.
    """
    try:
        return version(LIBRARY)
    except PackageNotFoundError:
        raise CheckerError(
            f"{LIBRARY}, which compares final answers, is not installed. Install it with "
            "`pip install -r requirements.txt`, then go on."
        ) from None


def answer_labels(record: TreeRecord, rater: RaterRecord) -> list[LabelRecord]:
    """Label the last step of every trace: +1 if the answer in it is the reference's, -1 if not."""
    ends = sorted({trace.end for trace in record.traces if trace.end != ROOT})
    found = [
        (end, _shared().check(record.nodes[end].text, record.problem.reference)) for end in ends
    ]
    ratings = {Verdict.TRUE: 1, Verdict.FALSE: -1}
    return [LabelRecord(end, rater, ratings[said]) for end, said in found if said in ratings]


@cache
def _shared() -> AnswerChecker:
    """Return the one checker of this process."""
    checker = AnswerChecker()
    atexit.register(checker.close)
    return checker
