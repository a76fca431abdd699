"""The kinds of reward models: one file and one row here each. Torch-free.

Kinds in ``KINDS`` are trained here (``kinds/``); those in ``ADDED`` score without being trained: a
person names what scores and how it is asked (``adapters/``). Menus, the command line, the docs test
and the contract tests read these rows; only ``load`` and ``open`` import a kind.
"""

from __future__ import annotations

from scoring.registry import find_row
from scoring.reward.model_kind import AddedKind, KindRow, ModelKind

_K, _C = "scoring.reward.kinds", "scoring.reward.config"

KINDS: dict[str, KindRow] = {
    row.key: row
    for row in (
        KindRow(
            key="prm",
            label="Process reward model",
            target=f"{_K}.prm:ProcessRewardModel",
            config=f"{_C}:PrmConfig",
            version="1",
            objective="step_labels",
            needs=("step labels",),
            description="Learns the probability that a step is right from ratings of single steps.",
            streams=True,
        ),
        KindRow(
            key="hrm",
            label="Hierarchical reward model",
            target=f"{_K}.prm:ProcessRewardModel",
            config=f"{_C}:HrmConfig",
            version="1",
            objective="merged_steps",
            needs=("step labels",),
            description="Learns the probability that a step is right from single steps and from pairs of "
            "steps read as one, so that an error with its repair counts as right.",
            streams=True,
        ),
        KindRow(
            key="orm",
            label="Outcome reward model",
            target=f"{_K}.prm:ProcessRewardModel",
            config=f"{_C}:ProbabilityConfig",
            version="1",
            objective="outcomes",
            needs=("outcomes of traces",),
            description="Learns the probability that a trace ends right from outcomes, read at its "
            "last step only.",
            streams=True,
        ),
        KindRow(
            key="bradley_terry",
            label="Bradley–Terry",
            target=f"{_K}.bradley_terry:BradleyTerry",
            config=f"{_C}:BradleyTerryConfig",
            version="1",
            objective="judged_pairs",
            needs=("rankings, or labels of siblings, or outcomes",),
            description="Learns a reward from pairs, one of which was found better.",
        ),
        KindRow(
            key="bt_ties",
            label="Bradley–Terry with ties",
            target=f"{_K}.bt_ties:TiedBradleyTerry",
            config=f"{_C}:TiedConfig",
            version="1",
            objective="judged_pairs",
            needs=("rankings, or labels of siblings, or outcomes",),
            description="Learns a reward from pairs and ties, and how close a tie is.",
        ),
        KindRow(
            key="plackett_luce",
            label="Plackett–Luce",
            target=f"{_K}.plackett_luce:PlackettLuce",
            config=f"{_C}:ScalarConfig",
            version="1",
            objective="rankings",
            needs=("rankings",),
            description="Learns a reward from whole rankings, ties included.",
        ),
        KindRow(
            key="listwise",
            label="Listwise",
            target=f"{_K}.listwise:Listwise",
            config=f"{_C}:ListwiseConfig",
            version="1",
            objective="answer_lists",
            needs=("rankings or outcomes of traces",),
            description="Learns a reward that makes the best among all answers of a problem stand out, "
            "judged in one pass.",
            streams=True,
            together=("reading", "sequence"),
        ),
        KindRow(
            key="tree_preference",
            label="Tree preference",
            target=f"{_K}.bradley_terry:BradleyTerry",
            config=f"{_C}:TreePreferenceConfig",
            version="1",
            objective="tree_pairs",
            needs=("outcomes of traces or search values",),
            description="Learns a reward from pairs inside one tree, told apart by what came of them.",
            streams=True,
        ),
        KindRow(
            key="heron",
            label="HERON",
            target=f"{_K}.bradley_terry:BradleyTerry",
            config=f"{_C}:HeronConfig",
            version="1",
            objective="signal_pairs",
            needs=("rankings, outcomes, step labels or search values",),
            description="Learns a reward from pairs of traces that a hierarchy of signals decides.",
            streams=True,
        ),
        KindRow(
            key="multi_head",
            label="One head per criterion",
            target=f"{_K}.multi_head:MultiHead",
            config="scoring.reward.several_config:MultiHeadConfig",
            version="1",
            objective="criteria",
            needs=("rankings by criterion",),
            description="Learns one reward per criterion of the project from rankings by criterion, and "
            "combines them by importance.",
        ),
        KindRow(
            key="vpl",
            label="By annotator (VPL)",
            target=f"{_K}.vpl:VariationalPreference",
            config="scoring.reward.several_config:VplConfig",
            version="1",
            objective="rater_pairs",
            needs=("rankings by two annotators or more",),
            description="Learns a reward that depends on who judges, from the rankings of several "
            "annotators, and what they have in common.",
        ),
        KindRow(
            key="ensemble",
            label="Ensemble",
            target=f"{_K}.ensemble:Ensemble",
            config="scoring.reward.member_config:EnsembleConfig",
            version="1",
            loader="scoring.reward.members:open_members",
            trainer="scoring.training.members:fit_members",
            needs=("what its members learn from",),
            description="Trains several models of one kind from their own seeds, reads them together and "
            "shows where they disagree.",
        ),
    )
}


_A = "scoring.reward.adapters"

ADDED: dict[str, AddedKind] = {
    row.key: row
    for row in (
        AddedKind(
            key="special_token",
            label="Published model with a step token",
            config=f"{_A}.config:SpecialTokenConfig",
            version="1",
            description="Reads a head with two classes at a token of its own behind each step, as "
            "Qwen2.5-Math-PRM has it.",
            loader=f"{_A}.special_token:load",
        ),
        AddedKind(
            key="token_pair",
            label="Published model with two verdict tokens",
            config=f"{_A}.config:TokenPairConfig",
            version="1",
            description="Reads how likely a language model finds + against - behind each step, as "
            "Math-Shepherd and RLHFlow trained it.",
            loader=f"{_A}.token_pair:load",
        ),
        AddedKind(
            key="scalar_classifier",
            label="Published model with one number",
            config=f"{_A}.config:ScalarClassifierConfig",
            version="1",
            description="Reads a head with one number, of the answer so far (Skywork-Reward and other "
            "Bradley–Terry models) or behind each step (Skywork-o1-Open-PRM).",
            loader=f"{_A}.scalar_classifier:load",
        ),
        AddedKind(
            key="implicit_prm",
            label="Implicit process rewards",
            config=f"{_A}.config:ImplicitPrmConfig",
            version="1",
            description="Compares how likely two language models find each token, one of which was "
            "trained from the other.",
            loader=f"{_A}.implicit_prm:load",
        ),
        AddedKind(
            key="likelihood",
            label="Likelihood of the reference answer",
            config=f"{_A}.config:LikelihoodConfig",
            version="1",
            needs=("reference answers",),
            description="Asks a language model after every step how likely the reference answer is.",
            loader=f"{_A}.likelihood:load",
        ),
        AddedKind(
            key="token_classes",
            label="Published token classifier",
            config=f"{_A}.config:TokenClassesConfig",
            version="1",
            description="Reads a token classifier with two classes behind each step, as TRL's PRMTrainer "
            "and PURE make them.",
            loader=f"{_A}.token_classes:load",
        ),
        AddedKind(
            key="judge",
            label="Generative judge",
            config="scoring.judge.config:JudgeConfig",
            version="1",
            needs=("an OpenAI-compatible server",),
            description="Asks a language model for a verdict on every step, with a reason.",
            loader="scoring.judge.scorer:open_judge",
            remote=True,
        ),
    )
}

ALL: dict[str, ModelKind] = {**KINDS, **ADDED}


def kind(key: str) -> KindRow:
    """Return the trained kind called ``key``.

    Raises:
        UnknownNameError: naming the known kinds.
    """
    return find_row(KINDS, "reward-model kind", key)


def added_kind(key: str) -> AddedKind:
    """Return the added kind called ``key``.

    Raises:
        UnknownNameError: naming the known kinds that are added.
    """
    return find_row(ADDED, "reward-model kind to add", key)


def any_kind(key: str) -> ModelKind:
    """Return the row called ``key``, trained or added.

    Raises:
        UnknownNameError: naming the known kinds.
    """
    return find_row(ALL, "reward-model kind", key)
