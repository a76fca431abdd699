"""Final answers against references: verdicts of the real library in its child, and what ends a child."""

from __future__ import annotations

import sys

import pytest

from scoring.types import NodeRecord, ProblemRecord, TraceRecord, TreeRecord
from scoring.verify import answers, label_record
from scoring.verify.answers import AnswerChecker
from scoring.verify.arithmetic import Verdict

READY = "print('\"ready\"', flush=True); "
SECONDS = 60  # generous: the tests are not about speed


@pytest.fixture(scope="module")
def checker():
    with AnswerChecker(SECONDS) as made:
        yield made


@pytest.mark.parametrize(
    ("answer", "reference", "verdict"),
    [
        ("24 + 9 = 33", "33", Verdict.TRUE),
        ("24 + 9 = 34", "33", Verdict.FALSE),
        ("The answer is 0.5.", r"\frac{1}{2}", Verdict.TRUE),
        (r"So it is $\boxed{1+x}$.", "x+1", Verdict.TRUE),
        ("I do not know.", "33", Verdict.NOTHING),
        ("33", "", Verdict.NOTHING),
        ("33", "9" * 3000, Verdict.NOTHING),
        ("two\nlines\u2028and 33", "33", Verdict.TRUE),
    ],
)
def test_answers_are_compared_by_what_they_mean(checker, answer, reference, verdict):
    assert checker.check(answer, reference) is verdict
    assert checker.late == 0


@pytest.mark.parametrize(
    "program",
    [
        READY + "import time; time.sleep(600)",
        READY + "input()",  # ends without an answer
    ],
)
def test_a_child_that_hangs_or_dies_gives_no_verdict_and_is_replaced(monkeypatch, program):
    with AnswerChecker(1.0) as made:
        with monkeypatch.context() as patched:
            patched.setattr(answers, "_COMMAND", (sys.executable, "-c", program))
            assert made.check("33", "33") is Verdict.NOTHING
            assert (made.late, made._child) == (1, None)
        made.seconds = SECONDS
        assert made.check("33", "33") is Verdict.TRUE
        assert made.late == 1


def test_the_child_sees_nothing_of_the_servers_environment(monkeypatch):
    monkeypatch.setenv("TRACEWOOD_SECRET", "hidden")
    program = (
        READY + "import json, os; input(); print(json.dumps('TRACEWOOD_SECRET' not in os.environ))"
    )
    monkeypatch.setattr(answers, "_COMMAND", (sys.executable, "-c", program))
    with AnswerChecker(SECONDS) as made:
        assert made.check("x", "x") is Verdict.TRUE


def test_ends_of_traces_are_labelled_as_a_machines():
    record = TreeRecord(
        "k",
        ProblemRecord("p", "33"),
        [NodeRecord("24 + 9 = 33"), NodeRecord("24 + 9 = 34"), NodeRecord("Hm.")],
        [TraceRecord(0), TraceRecord(1), TraceRecord(2), TraceRecord(0)],
        merge=True,
        meta={"checker": "math_verify"},
    )
    labels = label_record(record)
    assert [(label.node, label.rating) for label in labels] == [(0, 1), (1, -1)]
    assert {(x.rater.kind, x.rater.name) for x in labels} == {("machine", "checker:math_verify")}
