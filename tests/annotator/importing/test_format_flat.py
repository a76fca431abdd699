"""Flat formats: what a record turns into, and which records are refused."""

from __future__ import annotations

import orjson
import pytest

from scoring.types import LabelRecord, OutcomeRecord, RaterRecord, Rejected, TreeRecord
from tests.annotator.formats import changed, fixture, rows
from tests.annotator.tree_exports import read_bytes, read_rows, reason


def ratings(tree):
    return {label.node: label.rating for label in tree.labels}


# Math-Shepherd


def test_math_shepherd_splits_question_steps_and_marks():
    (tree,) = read_bytes("math_shepherd", fixture("math_shepherd"))
    assert tree.problem.prompt == "Tom has 2 pens and buys 3. How many?"
    assert [node.text for node in tree.nodes] == ["Step 1: 2 + 3 = 5.", "Step 2: The answer is: 6"]
    assert [node.parent for node in tree.nodes] == [-1, 0]
    assert ratings(tree) == {0: 1, 1: -1}
    assert tree.traces[0].outcomes == [OutcomeRecord("correct", 0.0, "label of the last step")]
    assert tree.merge
    assert tree.meta == {"task": "GSM8K"}


def test_math_shepherds_estimates_are_a_machines_and_no_persons():
    (tree,) = read_bytes("math_shepherd", fixture("math_shepherd"))
    assert {(x.rater.kind, x.rater.name) for x in tree.labels} == {
        ("machine", "math-shepherd:monte-carlo")
    }


def test_math_shepherd_keeps_text_after_the_last_mark_unlabelled():
    row = changed("math_shepherd")
    row["input"] += " Step 3: check"
    row["label"] += " Step 3: check"
    (tree,) = read_rows("math_shepherd", row)
    assert len(tree.nodes) == 3
    assert ratings(tree) == {0: 1, 1: -1}
    assert tree.traces[0].outcomes[0].value is None


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"label": "Tom has 2 pens"}, "field 'label' differs from 'input' after step 0"),
        ({"label": rows("math_shepherd")[0]["label"].replace(". +", ". 0")}, "expected + or -"),
        ({"label": rows("math_shepherd")[0]["label"] + "x"}, "goes on after the last step"),
        ({"label": rows("math_shepherd")[0]["label"][:-1]}, "expected + or -"),
        ({"input": "no marks. Step 1: x", "label": "no marks. Step 1: x"}, "has no step mark"),
        ({"input": "Step 1: x ки", "label": "Step 1: x +"}, "no question followed by"),
        ({"input": "ки What? Step 1: x ки", "label": "+ What? Step 1: x +"}, "inside the question"),
        ({"input": 3}, "field 'input': expected text, got 3"),
    ],
)
def test_math_shepherd_refuses(fields, words):
    assert words in reason("math_shepherd", changed("math_shepherd", **fields))


# formats that mark the first error


def test_processbench_labels_up_to_the_first_error():
    wrong, right = read_bytes("processbench", fixture("processbench"))
    assert ratings(wrong) == {0: 1, 1: -1}
    assert ratings(right) == {0: 1, 1: 1}
    assert wrong.traces[0].outcomes[0].value == 0.0
    assert right.traces[0].model == "toy-7b"
    assert wrong.key != right.key


@pytest.mark.parametrize("label", [3, -2, 1.0, True, None, "1"])
def test_processbench_refuses_an_index_that_cannot_be_right(label):
    words = "field 'label': expected an integer from -1 to 2 (0-based, -1 = no error)"
    assert words in reason("processbench", changed("processbench", label=label))


def test_bigbench_mistake_is_zero_based_and_null_is_no_mistake():
    right, wrong = read_bytes("bigbench_mistake", fixture("bigbench_mistake"))
    assert ratings(right) == {0: 1, 1: 1}
    assert ratings(wrong) == {0: -1}
    assert [t.traces[0].outcomes[0].value for t in (right, wrong)] == [1.0, 0.0]
    assert right.problem.reference == "2"


@pytest.mark.parametrize("value", [2, -1, True, False, 0.0, "0"])
def test_bigbench_mistake_refuses_an_index_that_cannot_be_right(value):
    words = "field 'mistake_index': expected an integer from 0 to 1"
    assert words in reason("bigbench_mistake", changed("bigbench_mistake", mistake_index=value))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"steps": []}, "field 'steps' is empty"),
        ({"steps": "a"}, "field 'steps': expected an array of texts, got 'a'"),
        ({"steps": ["a", None]}, "field 'steps[1]': expected text, got null"),
        ({"input": " "}, "field 'input': expected text"),
        ({"answer": {}}, "field 'answer': expected text or null, got an object"),
    ],
)
def test_bigbench_mistake_refuses_wrong_types(fields, words):
    assert words in reason("bigbench_mistake", changed("bigbench_mistake", **fields))


def test_a_missing_field_is_named():
    row = rows("bigbench_mistake")[0]
    del row["mistake_index"]
    assert reason("bigbench_mistake", row) == "field 'mistake_index' is missing"


def test_mr_gsm8k_is_one_based_and_keeps_the_reason():
    wrong, right = read_bytes("mr_gsm8k", fixture("mr_gsm8k"))
    assert ratings(wrong) == {0: 1, 1: -1}
    assert wrong.labels[1].note == "Adds instead of subtracting."
    assert ratings(right) == {0: 1}
    assert wrong.problem.reference == "2"
    assert wrong.meta["toy_eval_output"]["error_step_pred"] == "Step 2"


@pytest.mark.parametrize("step", [0, 4, True, "2", 2.0, None])
def test_mr_gsm8k_refuses_an_index_that_cannot_be_right(step):
    name = "model_output_solution_first_error_step"
    words = f"field '{name}': expected an integer from 1 to 3 (1-based)"
    assert words in reason("mr_gsm8k", changed("mr_gsm8k", **{name: step}))


@pytest.mark.parametrize("answer", ["Let's think step by step.", " let's think step by step "])
def test_mr_gsm8k_takes_a_prompt_for_no_reference_answer(answer):
    (tree,) = read_rows("mr_gsm8k", changed("mr_gsm8k", 1, ground_truth_answer=answer))
    assert tree.problem.reference == ""
    assert tree.meta["ground_truth_answer"] == answer
    assert "field 'ground_truth_answer'" in tree.warnings[0]
    (right,) = read_rows("mr_gsm8k", rows("mr_gsm8k")[1])
    assert right.problem.reference
    assert not right.warnings


def test_mr_gsm8k_refuses_an_error_step_in_a_right_solution():
    row = changed("mr_gsm8k", 1, model_output_solution_first_error_step=1)
    assert "expected no step" in reason("mr_gsm8k", row)
    row = changed("mr_gsm8k", 1, model_output_answer_correctness="maybe")
    assert "expected 'correct' or 'wrong', got 'maybe'" in reason("mr_gsm8k", row)


# PRMBench


def test_prmbench_makes_two_traces_of_one_problem():
    tree, solutions = read_bytes("prmbench", fixture("prmbench"))
    assert [trace.end for trace in tree.traces] == [1, 4]
    assert [trace.meta["process"] for trace in tree.traces] == ["original", "modified"]
    assert tree.merge
    assert ratings(tree) == {0: 1, 1: 1, 2: 1, 3: 1, 4: -1}
    assert tree.labels[4].error_type == "redundency"
    assert set(ratings(solutions).values()) == {1}
    assert solutions.problem.reference == "2"


@pytest.mark.parametrize("step", [0, 4, True, 1.0, "3", None])
def test_prmbench_refuses_an_index_that_cannot_be_right(step):
    words = "field 'error_steps[1]': expected an integer from 1 to 3 (1-based"
    assert words in reason("prmbench", changed("prmbench", error_steps=[3, step]))


def test_prmbench_warns_of_modified_steps_past_the_end():
    (tree,) = read_rows("prmbench", changed("prmbench", modified_steps=[3, 9]))
    assert "modified_steps[1]" in tree.warnings[0]


def test_prmbench_refuses_a_class_of_errors_without_errors():
    assert "field 'error_steps' is empty" in reason("prmbench", changed("prmbench", error_steps=[]))


def test_prmbench_keys_tell_records_with_one_idx_apart():
    row = rows("prmbench")[1]
    other = {**row, "modified_process": ["Two."]}
    first, second = read_rows("prmbench", row, other)
    assert first.key != second.key


# TRL, GSM8K


def test_trl_stepwise_reads_booleans_and_soft_labels():
    hard, soft = read_bytes("trl_stepwise", fixture("trl_stepwise"))
    rater = RaterRecord("imported", "trl_stepwise")
    assert hard.labels == [LabelRecord(0, rater, 1), LabelRecord(1, rater, -1)]
    assert ratings(soft) == {0: 1, 1: 1, 2: -1}
    assert [label.meta["soft"] for label in soft.labels] == [0.5, 0.9375, 0.25]


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ([True], "field 'labels' has 1 entries, 'completions' has 2"),
        ([True, 2], "field 'labels[1]': expected true, false or a number from 0 to 1, got 2"),
        ([True, 1.5], "field 'labels[1]': expected a number from 0 to 1, got 1.5"),
        ([True, None], "field 'labels[1]'"),
        ("ab", "field 'labels': expected an array"),
    ],
)
def test_trl_stepwise_refuses(labels, words):
    assert words in reason("trl_stepwise", changed("trl_stepwise", labels=labels))


def test_trl_stepwise_refuses_a_conversation():
    assert "conversation" in reason(
        "trl_stepwise", changed("trl_stepwise", prompt=[{"role": "user"}])
    )


def test_gsm8k_solutions_are_traces_by_line_with_outcomes():
    (tree,) = read_bytes("gsm8k_solutions", fixture("gsm8k_solutions"))
    assert [trace.model for trace in tree.traces] == ["toy_small", "toy_large"]
    assert [trace.outcomes[0].value for trace in tree.traces] == [0.0, 1.0]
    assert [node.parent for node in tree.nodes] == [-1, 0, -1, 2]
    assert [node.kind for node in tree.nodes] == ["thought", "answer"] * 2
    assert tree.problem.reference == "6"


def test_gsm8k_solutions_refuse_a_solution_without_verdict():
    row = changed("gsm8k_solutions", toy_small={"solution": "x", "is_correct": "no"})
    assert "field 'toy_small.is_correct': expected true or false" in reason("gsm8k_solutions", row)


# best of n and scores


def candidates():
    return orjson.loads(fixture("bon_candidates"))


def read_bon(document):
    return read_bytes("bon_candidates", orjson.dumps(document))


def test_bon_candidates_are_one_record_each():
    first, empty, third = read_bytes("bon_candidates", fixture("bon_candidates"))
    assert [node.text for node in first.nodes] == ["Add.", "So 5."]
    assert first.nodes[1].meta == {"token_start": 4, "token_end": 9}
    assert first.traces[0].key == "toy_000:0"
    assert first.traces[0].sampling == {"temperature": 0.8}
    assert first.traces[0].meta == {"extracted_answer": "5", "num_tokens": 9}
    assert first.problem == third.problem
    assert isinstance(empty, Rejected)
    assert empty.record == 1
    assert empty.reason.startswith("field 'candidates[1].steps' is empty")
    assert third.traces[0].key == "toy_000:2"
    assert third.traces[0].outcomes[0].value == 0.0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"is_correct": None}, "candidates[2].is_correct': expected true or false, got null"),
        ({"problem_id": "other"}, "candidates[2].problem_id': expected 'toy_000'"),
        ({"problem": None}, "candidates[2].problem': expected an object"),
        (
            {"steps": [{"index": 1, "text": "a"}]},
            "candidates[2].steps[0].index': expected 0, got 1",
        ),
        ({"steps": [{"index": 0}]}, "candidates[2].steps[0]': expected an object with a text"),
    ],
)
def test_bon_candidates_refuse_one_candidate_and_keep_the_others(change, words):
    document = candidates()
    document["candidates"][2].update(change)
    items = read_bon(document)
    assert isinstance(items[0], TreeRecord)
    assert words in items[2].reason


def test_a_big_candidate_file_is_streamed_with_equal_results(monkeypatch):
    from annotator.importers.formats import bon_candidates

    whole = read_bon(candidates())
    monkeypatch.setattr(bon_candidates, "_WHOLE", 100)
    assert read_bon(candidates()) == whole


def test_the_same_place_in_another_models_file_is_another_record():
    other = candidates()
    other["candidates"][0]["model_name"] = "other-7b"
    assert read_bon(other)[0].key != read_bon(candidates())[0].key


def test_a_candidate_file_without_candidates_is_refused():
    (item,) = read_bon({"problem_id": "x"})
    assert item.reason == "field 'candidates' is missing"
    (item,) = read_bon({"problem_id": 3, "candidates": [{}]})
    assert item.reason == "field 'problem_id': expected text, got 3"


@pytest.mark.parametrize("score", [None, "0.5", True, 1.5, -0.1])
def test_step_scores_refuse_what_is_no_probability(score):
    row = changed("prm_step_scores", step_scores=[0.5, score])
    words = "field 'step_scores[1]': expected a number from 0 to 1"
    assert words in reason("prm_step_scores", row)


def test_step_scores_refuse_a_length_other_than_claimed():
    row = changed("prm_step_scores", step_scores=[0.5])
    assert "'step_scores' has 1 entries, 'n_steps' has 2" in reason("prm_step_scores", row)


def test_a_second_different_list_for_a_candidate_is_refused_naming_the_first():
    row = rows("prm_step_scores")[0]
    items = read_rows("prm_step_scores", row, row, {**row, "step_scores": [0.5, 0.5]})
    assert [type(item) is Rejected for item in items] == [False, False, True]
    assert items[2].reason.endswith("in line 1")
    assert items[2].line == 3
