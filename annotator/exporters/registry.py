"""The exporters: one file in ``formats/`` and one row here each.

Rows are plain text for menus, the command line, docs and tests.
"""

from __future__ import annotations

from dataclasses import replace

from annotator.exporters.base import ExporterRow
from annotator.exporters.options import (
    CAP,
    DETAILS,
    EVERY_LEVEL,
    LEVEL,
    OUTCOME,
    SEPARATOR,
    YES_NO,
    OptionRow,
)
from scoring.errors import UnknownNameError

_F = "annotator.exporters.formats"
EXPORTERS: dict[str, ExporterRow] = {
    row.key: row
    for row in (
        ExporterRow(
            "tracewood",
            "Tracewood JSONL (lossless)",
            f"{_F}.tracewood",
            "2",
            "a problem",
            (),
            ("tracewood.jsonl",),
            sources=True,
        ),
        ExporterRow(
            "prm800k",
            "PRM800K",
            f"{_F}.prm800k",
            "2",
            "a labelled solution",
            ("labels",),
            ("prm800k.jsonl",),
            (
                OptionRow(
                    "max_siblings",
                    "Siblings per step",
                    32,
                    "candidates beside the chosen one, for records that do not come from PRM800K",
                ),
                OptionRow(
                    "outcome",
                    "Outcome",
                    "correct",
                    "name of the outcome by which a trace without a wrong step may still be wrong",
                ),
            ),
            sources=True,
        ),
        ExporterRow(
            "trl_stepwise",
            "TRL stepwise supervision",
            f"{_F}.trl_stepwise",
            "1",
            "a labelled path of the tree",
            ("targets",),
            ("{split}.jsonl",),
            (
                OptionRow(
                    "labels",
                    "Labels",
                    "bool",
                    "true/false, or the target itself",
                    ("bool", "soft"),
                ),
            ),
        ),
        ExporterRow(
            "parquet",
            "Parquet with dataset card",
            f"{_F}.parquet",
            "2",
            "a step (table 'steps'), a trace ('traces') or a label ('labels')",
            (),
            (
                "README.md",
                "steps/{split}-00000.parquet",
                "traces/{split}-00000.parquet",
                "labels/{split}-00000.parquet",
            ),
        ),
        ExporterRow(
            "trl_preference",
            "TRL preference pairs",
            f"{_F}.trl_preference",
            "4",
            "a pair of sibling steps, of branches or of traces",
            ("rankings, targets or outcomes",),
            ("{split}.jsonl",),
            (
                LEVEL,
                CAP,
                OUTCOME,
                SEPARATOR,
                OptionRow(
                    "form",
                    "Form",
                    "explicit",
                    "prompt in a column of its own, inside both texts, or as messages",
                    ("explicit", "implicit", "conversational"),
                ),
                OptionRow(
                    "margin",
                    "Margin",
                    "no",
                    "a column with the distance of the two; TRL's reward trainer subtracts it from the "
                    "difference of rewards whenever it is there, so ask for it only for that loss",
                    YES_NO,
                ),
                DETAILS,
            ),
        ),
        ExporterRow(
            "trl_unpaired",
            "TRL unpaired preference",
            f"{_F}.trl_unpaired",
            "3",
            "a judged step or trace",
            ("targets or outcomes",),
            ("{split}.jsonl",),
            (
                replace(
                    LEVEL,
                    help="which rows: of steps, of traces, or both together",
                    choices=(EVERY_LEVEL, "step", "trace"),
                ),
                CAP,
                OUTCOME,
                SEPARATOR,
                OptionRow(
                    "form",
                    "Form",
                    "explicit",
                    "texts, or messages",
                    ("explicit", "conversational"),
                ),
                DETAILS,
            ),
        ),
        ExporterRow(
            "openrlhf_rm",
            "OpenRLHF reward model pairs",
            f"{_F}.openrlhf_rm",
            "2",
            "a pair of sibling steps, of branches or of traces",
            ("rankings, targets or outcomes",),
            ("{split}.jsonl",),
            (
                LEVEL,
                CAP,
                OUTCOME,
                SEPARATOR,
                OptionRow(
                    "form",
                    "Form",
                    "plain",
                    "texts, or messages for a chat template",
                    ("plain", "chat"),
                ),
                replace(DETAILS, default="no"),
            ),
        ),
        ExporterRow(
            "rewardbench2",
            "RewardBench 2",
            f"{_F}.rewardbench2",
            "1",
            "a problem with right and wrong answers",
            ("outcomes or rankings",),
            ("{split}.jsonl",),
            (
                OptionRow(
                    "kind",
                    "Rows",
                    "best_of",
                    "one right answer against wrong ones, or several that are equally right",
                    ("best_of", "ties"),
                ),
                OptionRow("rejected", "Wrong answers", 3, "per row of the kind best_of", low=1),
                OptionRow(
                    "by",
                    "Right by",
                    "outcome",
                    "what says which answers are right",
                    ("outcome", "ranking"),
                ),
                OptionRow("subset", "Subset", "Math", "name in every row; that of ties is Ties"),
                OUTCOME,
                SEPARATOR,
            ),
        ),
        ExporterRow(
            "ranking_list",
            "Rankings as lists",
            f"{_F}.ranking_list",
            "1",
            "a ranking or a final decision on one",
            ("rankings",),
            ("{split}.jsonl",),
            (SEPARATOR,),
        ),
    )
}


def exporter(key: str) -> ExporterRow:
    """Return the row called ``key``.

    Raises:
        UnknownNameError: naming the known formats.
    """
    try:
        return EXPORTERS[key]
    except KeyError:
        raise UnknownNameError("export format", key, EXPORTERS) from None
