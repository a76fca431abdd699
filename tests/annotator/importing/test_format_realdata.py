"""Counts of the public files, which are not in the repository."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from annotator.errors import ImportRefusedError
from annotator.importers.auto import detect
from annotator.importers.registry import importer
from scoring.types import Rejected, TraceScoresRecord

ROOT = Path(__file__).parents[3]
DATA = Path(os.environ.get("TRACEWOOD_REAL_DATA") or ROOT.parent / "shared" / "data")
pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(
        not DATA.is_dir(), reason=f"no public traces at {DATA} (TRACEWOOD_REAL_DATA)"
    ),
]

# format, file, accepted, rejected, steps, labels
CASES = [
    ("bigbench_mistake", "bigbench_mistake/dyck_languages.jsonl", 769, 0, 19121, 9907),
    ("bigbench_mistake", "bigbench_mistake/logical_deduction.jsonl", 236, 0, 1971, 749),
    ("bigbench_mistake", "bigbench_mistake/multistep_arithmetic.jsonl", 248, 0, 1244, 901),
    ("bigbench_mistake", "bigbench_mistake/tracking_shuffled_objects.jsonl", 230, 0, 1253, 877),
    ("bigbench_mistake", "bigbench_mistake/word_sorting.jsonl", 238, 0, 2770, 1282),
    ("prmbench", "prmbench/prm800k_test_p1_4o_circular.jsonl", 70, 1, 2010, 2010),
    ("prmbench", "prmbench/prm800k_test_p1_4o_confidence.jsonl", 65, 7, 2084, 2084),
    ("prmbench", "prmbench/prm800k_test_p1_4o_counterfactual.jsonl", 68, 2, 2268, 2268),
    ("prmbench", "prmbench/prm800k_test_p1_4o_deception.jsonl", 70, 1, 2356, 2356),
    ("prmbench", "prmbench/prm800k_test_p1_4o_domain_inconsistency.jsonl", 73, 0, 2508, 2508),
    ("prmbench", "prmbench/prm800k_test_p1_4o_missing_condition.jsonl", 66, 4, 2101, 2101),
    ("prmbench", "prmbench/prm800k_test_p1_4o_redundency.jsonl", 68, 2, 2281, 2281),
    ("prmbench", "prmbench/prm800k_test_p1_4o_step_contradiction.jsonl", 69, 1, 2294, 2294),
    ("prmbench", "prmbench/prm800k_test_p2_4o_counterfactual.jsonl", 220, 0, 4811, 4811),
    ("prmbench", "prmbench/prm800k_test_p2_4o_redundency.jsonl", 219, 0, 5083, 5083),
    ("prmbench", "prmbench/prm_test_p12_multi_solutions.jsonl", 131, 0, 3333, 3333),
    ("prmbench", "prmbench/target_data.jsonl", 313, 8, 9480, 9480),
    ("mr_gsm8k", "mr_gsm8k/Claude_eval_results.json", 190, 0, 1493, 684),
    ("mr_gsm8k", "mr_gsm8k/GPT3_5_eval_results.json", 60, 0, 418, 223),
    ("gsm8k_solutions", "gsm8k/example_model_solutions.jsonl", 600, 0, 10497, 0),
    (
        "tot_game24",
        "tot/game24/gpt-4_0.7_propose1_value3_greedy5_start900_end1000.json",
        76,
        0,
        6430,
        0,
    ),
    ("openr_tree", "openr/samples_math-aps-tree.jsonl", 2, 0, 231, 0),
    (
        "bon_candidates",
        "strictprmbench/bon_candidates/gsm8k_full_500/gsm8k_000.json",
        32,
        0,
        194,
        0,
    ),
]
POOL = "strictprmbench/natural_pool"
# format, file, records, rankings
RANKINGS = [
    # 202 orders of four, and 8 records of six comparisons that are no order
    ("fine_grained_rlhf", "fine_grained_rlhf/dev_feedback.json", 210, 250),
    ("pandalm", "pandalm/testset-v1.json", 814, 814 * 3),
    ("natural_pool", f"{POOL}/blinded_cards.jsonl", 220, 0),
    *[("natural_pool", f"{POOL}/annotator_{n}.csv", 220, 220 * 5) for n in (1, 2, 3)],
    ("natural_pool", f"{POOL}/results.csv", 220, 220 * 3),
]
SCORES = ["math_shepherd", "qwen_prm", "rlhflow_prm", "skywork_prm"]


def read(key, name):
    with (DATA / name).open("rb") as stream:
        return list(importer(key).read(stream))


@pytest.mark.parametrize(("key", "name", "accepted", "rejected", "steps", "labels"), CASES)
def test_counts(key, name, accepted, rejected, steps, labels):
    items = read(key, name)
    taken = [item for item in items if not isinstance(item, Rejected)]
    assert (len(taken), len(items) - len(taken)) == (accepted, rejected)
    assert sum(len(item.nodes) for item in taken) == steps
    assert sum(len(item.labels) for item in taken) == labels
    assert len({item.key for item in taken}) == accepted


@pytest.mark.parametrize(("key", "name"), [case[:2] for case in [*CASES, *RANKINGS]])
def test_auto_knows_the_file(key, name):
    with (DATA / name).open("rb") as stream:
        assert detect(stream.read(1 << 16)) == key


@pytest.mark.parametrize(("key", "name", "records", "rankings"), RANKINGS)
def test_counts_of_rankings(key, name, records, rankings):
    items = read(key, name)
    assert not [item.reason for item in items if isinstance(item, Rejected)]
    assert len({item.key for item in items}) == len(items) == records
    assert sum(len(item.rankings) for item in items) == rankings


def test_every_marked_error_of_fine_grained_rlhf_is_kept_on_its_sentence():
    trees = read("fine_grained_rlhf", RANKINGS[0][1])
    errors = [error for tree in trees for label in tree.labels for error in label.meta["errors"]]
    assert len(errors) == 620  # 610 marks, ten of which run over the end of a sentence
    assert sum(len(tree.warnings) for tree in trees) == 8


def test_prmbench_names_the_step_past_the_end():
    reasons = [i.reason for i in read("prmbench", CASES[5][1]) if isinstance(i, Rejected)]
    assert len(reasons) == 1
    assert reasons[0].startswith("field 'error_steps[1]': expected an integer from 1 to 33")


@pytest.mark.parametrize("prm", SCORES)
def test_every_score_row_finds_a_candidate_of_its_length(prm):
    lengths = {}
    for path in sorted((DATA / "strictprmbench/bon_candidates/gsm8k_full_500").glob("*.json")):
        for item in read("bon_candidates", path):
            lengths[item.traces[0].key] = len(item.nodes), item.traces[0].outcomes[0].value
    rows = read("prm_step_scores", f"strictprmbench/step_scores/{prm}_gsm8k.jsonl")
    assert len(rows) == 416
    for row in rows:
        assert isinstance(row, TraceScoresRecord)
        assert lengths[row.trace_key] == (len(row.values), float(row.claims["is_correct"]))


def test_equal_siblings_of_an_openr_tree_stay_apart():
    tree = read("openr_tree", "openr/samples_math-aps-tree.jsonl")[0]
    texts = [(node.parent, node.text) for node in tree.nodes]
    assert len(texts) == 142
    assert len(set(texts)) < len(texts)


def test_game24_solved_answers():
    trees = read("tot_game24", CASES[20][1])
    rewards = [trace.outcomes[0].value for tree in trees for trace in tree.traces]
    assert (len(rewards), sum(rewards)) == (380, 91)


@pytest.mark.parametrize(
    "name",
    [
        "prmbench/prm_testp12_qwq_annotations.jsonl",
        "tot/text/gpt-4_1.0_generate_sample_select_greedy_sample5_start0_end100.json",
        "tot/crosswords/infoss_dfs_prune.json",
        "gsm8k/test.jsonl",
        "openr/samples_math-aps.jsonl",
    ],
)
def test_files_of_other_formats_are_not_mistaken_for_known_ones(name):
    with (DATA / name).open("rb") as stream, pytest.raises(ImportRefusedError):
        detect(stream.read(1 << 16))
