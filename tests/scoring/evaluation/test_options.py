"""Options change places in the problem, and the letters that name them in its solutions."""

from __future__ import annotations

import re

import numpy as np
import pytest

from scoring.evaluation.edits import edited, edited_scores
from scoring.evaluation.options import shuffled
from scoring.reward.scorer import Item
from scoring.reward.scores import TreeScores
from scoring.tree import Tree

LISTED = {
    "lines in parentheses": "Pick.\n(A) red\n(B) green\n(C) blue",
    "lines with stops": "Pick.\nA. red\nB. green\nC. blue\n\nGive the letter.",
    "one line": "Pick: A) red B) green C) blue",
    "one formula": r"Pick $\textbf{(A)}\ red \qquad \textbf{(B)}\ green\qquad\textbf{(C)}\ blue$ now.",
    "font around": r"Pick. $\text{(A) }red$ $\text{(B) }green$ $\text{(C) }blue$",
    "line breaks as two characters": r"Pick. (A) red (B) green (C) blue\n\nGive the letter.",
    "a formula each": "Pick (A) $red$, (B) $green$, (C) $blue$.",
}


@pytest.mark.parametrize("prompt", LISTED.values(), ids=LISTED)
def test_every_option_stands_behind_another_letter_and_nothing_else_changes(prompt):
    made = shuffled(prompt)
    assert sorted(made.letters) == sorted(made.letters.values()) == ["A", "B", "C"]
    assert all(old != new for old, new in made.letters.items())
    words = dict(zip("ABC", re.findall("red|green|blue", prompt), strict=True))
    moved = dict(zip("ABC", re.findall("red|green|blue", made.prompt), strict=True))
    assert all(moved[new] == words[old] for old, new in made.letters.items())
    hidden = re.sub("red|green|blue", "?", prompt)
    assert re.sub("red|green|blue", "?", made.prompt) == hidden
    assert shuffled(prompt) == made


@pytest.mark.parametrize(
    "prompt",
    [
        "Add 3 and 4.",
        "Let (A) be a point.",
        "(B) red (A) green",
        "(A) 3\n(B) all of the above",
        "Compute f(A) + f(B).",
        "How long? [asy]\ndot(A); draw (A) (B) (C);\n[/asy]",
        "",
    ],
)
def test_a_problem_without_free_options_has_no_other_order(prompt):
    assert shuffled(prompt) is None


def test_what_speaks_of_other_options_stays():
    made = shuffled("Which?\n(A) 3\n(B) None of the above\n(C) 4\n(D) A and C\n(E) 5")
    lines = made.prompt.split("\n")
    assert lines[2] == "(B) None of the above"
    assert lines[4] == "(D) A and C"
    assert {made.letters[letter] for letter in "ACE"} == set("ACE")
    assert all(made.letters[letter] != letter for letter in "ACE")


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("Thus (A) holds, and option B fails.", "Thus (B) holds, and option A fails."),
        ("The answer is B.", "The answer is A."),
        (r"So $\boxed{B}$.", r"So $\boxed{A}$."),
        (r"So $\boxed{\textbf{(A)}}$.", r"So $\boxed{\textbf{(B)}}$."),
        ("A) 3 is too small", "B) 3 is too small"),
        ("B", "A"),
        ("Point B lies on AB, and f(A) = A.", "Point B lies on AB, and f(A) = A."),
        ("The answer is A train", "The answer is A train"),
        ("A train leaves", "A train leaves"),
        ("nothing of it", "nothing of it"),
    ],
)
def test_letters_that_name_an_option_follow_it_and_no_others(text, other):
    made = shuffled("Pick (A) red (B) green")
    assert made.relettered(text) == other
    assert made.relettered(other) == text  # of two options, twice is as before


def chain(*texts):
    records = [{"id": 0, "parent": None, "text": ""}]
    records += [{"id": k + 1, "parent": k, "text": text} for k, text in enumerate(texts)]
    records[-1]["outcome"] = 1
    return Tree.from_records(records)


class Letters:
    """Scores a step 1 if it names the option that the problem has "right" behind."""

    facts: dict = {}

    def __init__(self):
        self.asked = 0

    def score_many(self, items):
        for item in list(items):  # reads ahead
            self.asked += 1
            right = re.search(r"\((.)\) right", item.prompt)[1]
            found = [np.nan, *(float(f"({right})" in str(t)) for t in item.tree.text[1:])]
            yield TreeScores(np.array(found, np.float32), {}, 0.5, {}, "probability")


def test_problems_without_options_are_not_read_and_the_others_keep_their_place():
    choice = Item("Pick (A) wrong (B) right", chain("so (B)", "not (A)"), "(B)")
    plain = Item("Add 3 and 4.", chain("7"))
    reader = Letters()
    found = list(edited_scores(reader, [plain, choice, plain, choice, plain], "options"))
    assert reader.asked == 2
    assert [len(one) for one in found] == [1] * 5
    for at in (0, 2, 4):
        assert np.isnan(found[at][0]).all()
    for at in (1, 3):
        assert found[at][0].tolist() == [1.0, 0.0]


def test_the_reference_answer_is_of_the_new_order():
    made, _ = edited(Item("Pick (A) wrong (B) right", chain("so (B)"), "B"), "options")
    assert made.prompt == "Pick (A) right (B) wrong"
    assert made.reference == "A"
    assert str(made.tree.text[1]) == "so (A)"
