"""Fragments change how often text is encoded, and nothing in what is written."""

from __future__ import annotations

import orjson
from hypothesis import given
from hypothesis import strategies as st

from annotator.exporters.fragments import fragment, fragments
from annotator.exporters.records import judged_once
from scoring.types import LabelRecord, RaterRecord

texts = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.lists(texts, max_size=4))
def test_a_line_of_fragments_is_the_line_of_the_values(values):
    assert orjson.dumps({"a": fragments(values)}) == orjson.dumps({"a": values})


def test_fragments_hold_fragments():
    inner = fragments(['"\\', "→"])
    assert (
        orjson.dumps(fragment({"all": inner, "n": None}))
        == b'{"all":["\\"\\\\","\xe2\x86\x92"],"n":null}'
    )


def test_labels_are_parted_by_whether_they_are_alone_on_their_step():
    ann, bob = RaterRecord("person", "ann"), RaterRecord("person", "bob")
    first, only, second = LabelRecord(0, ann, 1), LabelRecord(3, ann, None), LabelRecord(0, bob, -1)
    assert judged_once([first, only, second]) == ({3: only}, [first, second])
    assert judged_once([only]) == ({3: only}, [])
