"""``scoring.verify``: dispatch by record, and who is said to have judged."""

from __future__ import annotations

import pytest

from scoring.errors import UnknownNameError
from scoring.types import NodeRecord, ProblemRecord, RaterRecord, TreeRecord
from scoring.verify import CHECKERS, checker, label_record


def record(prompt, *nodes, **meta):
    return TreeRecord(
        "k", ProblemRecord(prompt), [NodeRecord(*n) for n in nodes], [], merge=True, meta=meta
    )


def test_labels_follow_the_branches_of_a_tree():
    labels = label_record(
        record(
            "Start with 2: times 3, plus 4.",
            ("2 × 3 = 6",),
            ("6 + 4 = 10", 0),
            ("2 × 3 = 5",),
            ("5 + 4 = 9", 2),
            ("Wait, 2 × 3 = 6", 2),
            checker="arithmetic",
        )
    )
    assert [(x.node, x.rating, x.error_type, x.realises_error) for x in labels] == [
        (0, 1, "", False),
        (1, 1, "", False),
        (2, -1, "wrong_operation", False),
        (3, -1, "carried_error", False),
        (4, 1, "", True),
    ]


def test_the_rater_is_the_machine_with_its_version():
    labels = label_record(record("4 5 6 10", ("10 − 4 = 6 (left: 5 6 6)",), checker="game24"))
    assert labels[0].rater == RaterRecord("machine", "checker:game24", CHECKERS["game24"].version)


def test_steps_with_nothing_to_check_get_no_label():
    assert label_record(record("How many?", ("Let me think.",), checker="arithmetic")) == []
    assert label_record(record("4 5 6 10", ("Let me think.",), checker="game24")) == []


def test_a_record_without_a_checker_gets_no_labels():
    assert label_record(record("1 + 1", ("1 + 1 = 3",))) == []


def test_an_unknown_checker_names_the_known_ones():
    with pytest.raises(UnknownNameError, match="arithmetic, game24"):
        label_record(record("1 + 1", checker="nonsense"))


@pytest.mark.parametrize("row", [pytest.param(r, id=r.key) for r in CHECKERS.values()])
def test_every_row_loads_and_copes_with_an_empty_record(row):
    assert checker(row.key) is row
    assert row.label
    assert row.summary
    assert label_record(record("", checker=row.key)) == []
