"""Figures: the same bytes for the same data, pictures that are XML, cells that are no formulas."""

from __future__ import annotations

import csv
import io
import re
from urllib.parse import unquote
from xml.etree import ElementTree

import numpy as np
import pytest

from annotator.models import Project, Step
from annotator.views.reading.pictures import MOST_BOXES, map_drawing, path_drawing
from annotator.views.reading.sides import Column, own_scale
from tests.annotator.workbench_data import member

pytestmark = pytest.mark.django_db
KINDS = ("tree", "path", "compare")
SVG = "{http://www.w3.org/2000/svg}"


def column(values):
    return Column("x", "X", np.asarray(values, float), "", True, False, "made")


@pytest.fixture
def query(game):
    _, steps = game
    return f"?a=s{steps[4].pk}&by=tempo&b=s{steps[5].pk}"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", ["svg", "csv"])
def test_the_same_address_gives_the_same_bytes(
    game, models, rated, reviewer, address, query, kind, form
):
    first, second = (reviewer.get(address(f"figures/{kind}.{form}{query}")) for _ in "12")
    assert first.status_code == 200
    assert first.content == second.content
    assert "attachment" in first["Content-Disposition"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_is_xml_with_its_origin_and_nothing_that_acts(
    game, models, rated, reviewer, address, query, kind
):
    Step.objects.update(text='<script>alert(1)</script> & "quoted" =1+1')
    content = reviewer.get(address(f"figures/{kind}.svg{query}")).content
    root = ElementTree.fromstring(content)
    tags = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert tags <= {"svg", "title", "desc", "rect", "text", "g", "path", "line"}
    said = " ".join(root.itertext())
    for word in (
        "TEMPO 1",
        "ddof: 1 (sample)",
        "n = ",
        "data ",
        "Tracewood",
        "outcome “correct”, known for 5 traces",
    ):
        assert word in said, word
    assert re.search(r"data [0-9a-f]{12} of \d{4}-\d\d-\d\d", said)
    assert "style=" not in content.decode()


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_is_strict_xml_that_stands_alone(
    game, models, rated, reviewer, address, query, kind
):
    problem, _ = game
    problem.prompt = "a\x01b \x1b[31m c\ufffe & d < e \U0001f600"
    problem.save()
    Step.objects.update(text="\x08 up \x7f to \uffff ]]> &amp; x")
    content = reviewer.get(address(f"figures/{kind}.svg{query}")).content
    root = ElementTree.fromstring(content)  # expat refuses what XML 1.0 does not allow
    assert [child.tag for child in root[:2]] == [f"{SVG}title", f"{SVG}desc"]
    assert "\U0001f600" in root[0].text
    assert "\ufffd" in root[0].text
    assert "data " in root[1].text
    assert root.get("font-family").endswith("sans-serif")
    width, height = float(root.get("width")), float(root.get("height"))
    assert root.get("viewBox") == f"0 0 {width:g} {height:g}"
    paper = root[2]
    assert (paper.tag, paper.get("fill")) == (f"{SVG}rect", "#ffffff")
    assert (paper.get("width"), paper.get("height")) == (root.get("width"), root.get("height"))
    # Nothing is fetched from elsewhere, nothing waits for a page's styles.
    written = content.decode().replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"href|url\(|://|@import|class=|var\(|<script|<style", written)


@pytest.mark.parametrize("kind", ["path", "compare"])
def test_a_number_sign_in_a_text_is_no_comment(game, models, rated, reviewer, address, query, kind):
    text = 'Step #1, "so":\n# not a comment, =1'
    Step.objects.update(text=text)
    content = reviewer.get(address(f"figures/{kind}.csv{query}")).content.decode()
    lines = content.split("\r\n")
    above = [line for line in lines if line.startswith("#,")]
    assert above == lines[: len(above)]
    assert not any("\n" in line for line in above)
    below = "\r\n".join(lines[len(above) :])
    assert "#" not in re.sub(r'"(?:[^"]|"")*"', "", below)
    rows = list(csv.DictReader(io.StringIO(below, newline="")))
    texts = {row[name] for row in rows for name in row if name.endswith("text")}
    assert texts - {""} == {text}


@pytest.mark.parametrize("kind", KINDS)
def test_cells_are_text_and_rows_above_say_what_they_are(
    game, models, rated, reviewer, address, query, kind
):
    Step.objects.update(text="=HYPERLINK(1)")
    content = reviewer.get(address(f"figures/{kind}.csv{query}")).content.decode()
    rows = list(csv.reader(io.StringIO(content)))
    above = [row for row in rows if row[0] == "#"]
    assert any("data " in row[1] for row in above)
    for row in rows:
        assert not any(cell.startswith("=") for cell in row)
    assert re.fullmatch(r"by \S+( against \S+)?", above[-1][1]), "keys stay as addresses have them"
    below = rows[len(above) :]
    assert len({len(row) for row in below}) == 1
    if kind == "tree":
        assert len(below) == 1 + 8
    if kind == "compare":
        margin = sum(float(row[-1]) for row in below[1:])
        assert f"margin +{margin:.6f}" in above[1][1] or f"margin −{-margin:.6f}" in above[1][1]


@pytest.mark.parametrize("kind", ["path", "compare"])
def test_the_csv_keeps_whole_texts_with_their_formulas(
    game, models, rated, reviewer, address, query, kind
):
    text = "So \\[ x = 1 \\]\n" + "and on " * 100
    Step.objects.update(text=text)
    content = reviewer.get(address(f"figures/{kind}.csv{query}")).content.decode()
    rows = [row for row in csv.reader(io.StringIO(content, newline="")) if row[0] != "#"]
    places = [at for at, name in enumerate(rows[0]) if name.endswith("text")]
    assert {row[at] for row in rows[1:] for at in places} - {""} == {text}


def test_the_hash_changes_with_the_numbers(game, models, rated, reviewer, address):
    model = models[0]
    url = address(f"figures/tree.svg?by=prm_score@{model.pk}")

    def digest():
        return re.search(r"data ([0-9a-f]{12})", reviewer.get(url).content.decode())[1]

    before = digest()
    row = model.step_scores.first()
    row.score = 1 - row.score / 2
    row.save()
    assert digest() != before


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_links_files_that_say_the_same_address(
    game, models, rated, reviewer, address, query, kind
):
    whole = reviewer.get(address(f"figures/{kind}/{query}")).content.decode()
    for form in ("svg", "csv"):
        link = re.search(rf'href="([^"]+\.{form}[^"]*)" download', whole)[1]
        assert unquote(link.replace("&amp;", "&")) == address(f"figures/{kind}.{form}{query}")
    assert '<svg class="fig"' in whole


def test_what_cannot_be_drawn_is_said_on_page_and_in_files(game, reviewer, address):
    for url in ("figures/tree/", "figures/tree.svg", "figures/tree.csv", "figures/path.svg"):
        answer = reviewer.get(address(f"{url}?by=human"))
        assert answer.status_code == 200
        assert "Nobody rated a step" in answer.content.decode()


def test_a_large_tree_is_drawn_as_means_of_bounded_size():
    rng = np.random.default_rng(0)
    depth = np.zeros(20_001, int)
    for at in range(1, len(depth)):
        depth[at] = rng.integers(1, min(depth[at - 1] + 1, 60) + 1)
    values = rng.normal(size=len(depth))
    values[0] = np.nan
    some = column(values)
    drawn = map_drawing(some, own_scale(some), depth, "large").file("t", ["p"])
    assert len(depth) > MOST_BOXES
    assert len(drawn) < 1_500_000
    ElementTree.fromstring(drawn.encode())


def test_a_chain_of_20000_steps_and_an_empty_path_are_drawn():
    depth = np.arange(20_001)
    values = np.linspace(-1, 1, len(depth))
    some = column(values)
    ElementTree.fromstring(map_drawing(some, own_scale(some), depth, "deep").file("t", []).encode())
    path_drawing(some, own_scale(some), values[:0], [])


@pytest.mark.parametrize("form", ["/", ".svg", ".csv"])
@pytest.mark.parametrize("kind", KINDS)
def test_gates_and_addresses_that_mean_nothing(
    game, models, project, reviewer, annotator, client_for, address, kind, form
):
    url = address(f"figures/{kind}{form}")
    other = Project.objects.create(name="Other")
    stranger = client_for(member(other, "stranger", "owner"))
    assert stranger.get(url).status_code == 404
    assert reviewer.get(f"{url}?by=nothing").status_code == 404
    assert reviewer.get(f"{url}?a=s0").status_code == 404
    project.show_scores = False
    project.save()
    assert annotator.get(f"{url}?by=prm_score@{models[0].pk}").status_code == 404
    assert annotator.get(url).status_code == 200
