"""Step text keeps every character and runs nothing; formulas, keys and colours keep their rules."""

from __future__ import annotations

import gzip
import html
import json
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotator.models import RewardModel, TokenScore
from annotator.templatetags.heat import heat_chip, heat_class, level_class
from annotator.templatetags.text import (
    difference,
    formulas,
    math_text,
    plain_math,
    token_text,
)
from annotator.views.keys import KEYS, keys_markdown, keys_of
from annotator.views.workbench.tokens import step_tokens
from scoring.heatmap import scale

ROOT = Path(__file__).parents[3]
SCRIPTS = ROOT / "static" / "js"


def visible(markup: str) -> str:
    """Return what a reader would copy: tags dropped, entities resolved."""
    return html.unescape(re.sub(r"<[^>]*>", "", markup))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"so \(x^2\) is", ["x^2"]),
        (r"\[a+b\] and $$c$$", ["a+b", "c"]),
        (r"is $x_1$ here", ["x_1"]),
        (r"is $\frac{1}{2}$.", [r"\frac{1}{2}"]),
        ("factor $x+7$ and $c$", ["x+7", "c"]),
        ("paid $5k-$6k, $3/h to $4/h, $5m$", []),
        ("costs $5 and $7", []),
        ("$5_000 and $6_000", []),
        ("from $5^* to $6", []),
        ("a $ x_1 $ b", []),
        ("US$5 or x^2$", []),
        ("no math", []),
    ],
)
def test_only_what_surely_is_math_is_typeset(text, expected):
    assert [tex for _, _, tex, _ in formulas(text)] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"so \(x^2\) is \[ a+b \] and $$c$$", "so x^2 is a+b and c"),
        ("factor $x+7$ of $5 and $7", "factor x+7 of $5 and $7"),
        (r"cut off \(\frac{1}{2", r"cut off \frac{1}{2"),
        (r"\(a \\[2pt] b\)", r"a \\[2pt] b"),
        ("costs $$ a lot", "costs $$ a lot"),
    ],
)
def test_one_line_shows_formulas_without_the_signs_around_them(text, expected):
    assert plain_math(text) == expected


@given(st.text(alphabet="<>&\"'$\\()[]^_ax5 \n", max_size=60))
def test_marked_text_is_the_text_itself(text):
    assert visible(math_text(text)) == text


@given(st.text(max_size=40), st.text(max_size=40))
def test_a_difference_shows_the_whole_text(text, other):
    shown = difference(text, other).replace("<mark>", "").replace("</mark>", "")
    assert html.unescape(shown) == text


def test_a_difference_marks_only_the_words_that_differ():
    marked = re.findall(r"<mark>(.*?)</mark>", difference("add 4 to 6", "add 5 to 6"))
    assert marked == ["4"]


@given(st.text(min_size=1, max_size=40), st.data())
def test_tokens_cover_every_character_once(text, data):
    cuts = sorted(data.draw(st.sets(st.integers(1, len(text)))) | {len(text)})
    ends = np.array(cuts, "<i4")
    running = np.linspace(0.1, 0.9, len(ends)).astype("<f4")
    packed = TokenScore(start=0.3, ends=ends.tobytes(), running=running.tobytes())
    tokens = step_tokens(text=text, packed=packed, score=float(running[-1]), model=RewardModel())
    assert "".join(tokens.pieces()) == text
    assert tokens.sums
    spans = re.findall(r"<span[^>]*>(.*?)</span>", str(token_text(tokens)), re.DOTALL)
    assert html.unescape("".join(spans)) == text


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_tokens_without_a_number_are_missing_and_counted(bad):
    ends, running = np.array([1, 2, 3, 4], "<i4"), np.array([0.2, bad, 0.4, 0.5], "<f4")
    packed = TokenScore(start=0.1, ends=ends.tobytes(), running=running.tobytes())
    tokens = step_tokens(text="abcd", packed=packed, score=0.5, model=RewardModel())
    found = json.loads(json.dumps(tokens.as_json(), allow_nan=False))
    assert found["running"] == pytest.approx([0.2, None, 0.4, 0.5])
    assert found["credit"] == pytest.approx([0.1, None, None, 0.1])
    assert (found["missing"], found["sums"], found["total"]) == (2, False, None)
    chart = tokens.chart()
    assert [len(line.split()) for line in chart["lines"]] == [2, 2]
    assert (chart["low"], chart["high"]) == pytest.approx((0.1, 0.5))
    shown = str(token_text(tokens))
    assert shown.count('data-credit="–"') == 2
    assert "heat-none" in shown
    assert "nan" not in shown.lower()


def test_a_step_of_which_no_token_has_a_number_has_no_line():
    running = np.array([np.nan, np.inf], "<f4")
    packed = TokenScore(
        start=np.inf, ends=np.array([1, 2], "<i4").tobytes(), running=running.tobytes()
    )
    tokens = step_tokens(text="ab", packed=packed, score=np.nan, model=RewardModel())
    assert tokens.chart() is None
    found = json.loads(json.dumps(tokens.as_json(), allow_nan=False))
    assert (found["start"], found["score"], found["missing"]) == (None, None, 2)


def test_a_value_has_sign_number_and_class():
    limits = scale([-1.0, 1.0], signed=True)
    assert heat_class(-1.0, limits) == "heat-neg-4"
    assert heat_class(0.0, limits) == "heat-zero"
    assert heat_class(None, limits) == "heat-none"
    assert ">+0.50<" in heat_chip(0.5, limits)
    assert [level_class(level) for level in (-4, 0, 4)] == ["heat-neg-4", "heat-zero", "heat-pos-4"]


def test_keys_on_the_page_and_in_the_docs_are_one_table():
    assert keys_markdown().rstrip() in (ROOT / "docs" / "keyboard.md").read_text()
    assert json.loads((SCRIPTS / "keys.json").read_text()) == KEYS


@pytest.mark.parametrize("surface", ["workbench", "judging"])
def test_no_key_of_a_surface_starts_two_actions_and_every_action_exists(surface):
    keys = keys_of(surface)
    names = [name for key in keys for name in key["keys"]]
    assert len(names) == len(set(names))
    script = (SCRIPTS / surface / f"{surface}.js").read_text()
    table = script.partition("const actions = {")[2].partition("\n};")[0]
    known = set(re.findall(r"^  (\w+)[:,(]", table, re.MULTILINE))
    # "span" is a button without a key; the side panel of the guidelines listens by itself
    assert known - {"span"} == {key["action"] for key in keys} - {"guidelines"}


def test_every_key_is_for_a_known_surface_and_free_of_the_frame_around_items():
    assert {surface for key in KEYS for surface in key["on"]} == {
        "workbench",
        "judging",
        "ranking",
        "adjudication",
        "compare",
        "attribution",
    }
    frame = (SCRIPTS / "judging" / "work.js").read_text()
    taken = set(re.findall(r'event\.key === "(\w+)"', frame)) - {
        "Enter"
    }  # handed over by judging.js
    assert taken
    assert not taken & {name for key in keys_of("judging") for name in key["keys"]}


def luminance(color: str) -> float:
    channels = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


CSS = (ROOT / "static" / "css" / "tokens.css").read_text()
PAIRS = dict(re.findall(r"--([\w-]+): light-dark\((#\w{6}, #\w{6})\)", CSS))
HEATS = [name for name in PAIRS if name.startswith("heat-") and name != "heat-ink"]


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_every_pair_of_colours_can_be_read(theme):
    color = {name: pair.split(", ")[theme] for name, pair in PAIRS.items()}
    assert len(HEATS) == 9
    texts = [("ink", under) for under in ("bg", "soft", "sunk", "raised", "selected", "mark")]
    texts += [("muted", under) for under in ("bg", "soft", "sunk", "selected")]
    texts += [("heat-ink", heat) for heat in HEATS]
    texts += [(name, f"{name}-soft") for name in ("danger", "notice", "good", "accent")]
    texts += [("accent", "bg"), ("accent-ink", "accent"), ("danger", "bg"), ("danger", "raised")]
    texts += [("bg", "danger"), ("accent", "soft"), ("muted", "raised"), ("notice", "bg")]
    edges = [(name, "bg") for name in ("edge", "ring", "sign-neg", "sign-pos")]
    for pairs, least in ((texts, 4.5), (edges, 3.0)):
        for front, back in pairs:
            assert contrast(color[front], color[back]) >= least, (front, back)


def linked(*templates: str) -> list[Path]:
    """Return the style sheets that the named templates link."""
    pages = "".join((ROOT / "templates" / name).read_text() for name in templates)
    return [ROOT / "static" / path for path in re.findall(r"css/[\w-]+\.css", pages)]


def modules(*names: str) -> set[Path]:
    """Return the scripts that a page loads: the named ones and what they import, to the end."""
    found: set[Path] = set()
    waiting = [SCRIPTS / name for name in names]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            imported = re.findall(r'from "(\.\.?/.+?)"', path.read_text())
            waiting += [(path.parent / name).resolve() for name in imported]
    return found


@pytest.mark.parametrize("page", ["workbench", "judging_head", "_pages_head"])
def test_the_first_view_is_light(page):
    entry = {
        "workbench": "workbench/workbench.js",
        "judging_head": "judging/judging.js",
    }.get(page, "pages/pages.js")
    first = [*modules("shared/app.js", entry), *linked("base.html", f"annotator/{page}.html")]
    first += [ROOT / "static" / "vendor" / "htmx" / "htmx.min.js"]
    # A sheet for paper is fetched when the screen has what it needs.
    first = [path for path in first if path.name != "print.css"]
    assert sum(len(gzip.compress(path.read_bytes())) for path in first) < 60_000


def test_our_scripts_are_small():
    scripts = list(SCRIPTS.rglob("*.js"))
    assert scripts
    assert all(len(path.read_text().splitlines()) < 300 for path in scripts)


def test_style_sheets_are_small_and_each_is_linked():
    sheets = set((ROOT / "static" / "css").glob("*.css"))
    assert all(len(path.read_text().splitlines()) < 400 for path in sheets)
    templates = [
        str(path.relative_to(ROOT / "templates")) for path in (ROOT / "templates").rglob("*.html")
    ]
    assert set(linked(*templates)) == sheets
