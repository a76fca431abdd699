"""The page of comparisons: what it adds up, who sees what, and addresses that mean nothing."""

from __future__ import annotations

import re
from urllib.parse import unquote

import pytest

from annotator.models import Project, Step
from annotator.queries.access import project_for_user
from annotator.queries.blindness import EVERYTHING
from annotator.views.reading.comparison import compare
from annotator.views.reading.falls import shown_bars
from annotator.views.reading.sides import HUMAN, Columns, target_of
from tests.annotator.workbench_data import Node, member, write_problem
from tests.page_text import without_tokens

pytestmark = pytest.mark.django_db


@pytest.fixture
def columns(game, project):
    problem, _ = game
    user = member(project, "reviewer", "reviewer")
    return Columns(problem, project_for_user(user=user, name=project.name), EVERYTHING)


def side(problem, step):
    return target_of(problem=problem, key=f"s{step.pk}")


def body(client, url, status=200):
    answer = client.get(url)
    assert answer.status_code == status, url
    return without_tokens(answer.content.decode())


@pytest.mark.parametrize("by", ["tempo", "leaf_value", "grpo", "value"])
def test_bars_sum_to_the_margin_of_two_siblings_and_of_two_traces(game, columns, by):
    problem, steps = game
    Step.objects.filter(pk=steps[7].pk).update(value=2.0)  # a side without a number has no margin
    traces = list(problem.traces.order_by("ordinal"))
    for a, b in ((steps[0], steps[7]), (steps[1], steps[2]), (steps[4], steps[5])):
        found = compare(columns=columns, a=side(problem, a), b=side(problem, b), by=by, by_b=by)
        assert found.fall.exact
        assert sum(bar.size for bar in found.fall.bars) == pytest.approx(found.fall.margin)
    one, two = (target_of(problem=problem, key=f"t{trace.pk}") for trace in traces[:2])
    found = compare(columns=columns, a=one, b=two, by=by, by_b=by)
    assert found.fall.exact
    assert found.shared == 1


def test_credit_totals_are_sums_of_the_path_and_levels_are_its_end(game, columns):
    problem, steps = game
    for by, total in (("tempo", sum), ("leaf_value", lambda values: values[-1])):
        values = columns.column(by).values
        found = compare(
            columns=columns, a=side(problem, steps[4]), b=side(problem, steps[7]), by=by, by_b=by
        )
        path = [values[at] for at in found.a.path.at]
        assert found.fall.first == pytest.approx(total(path))


def test_a_whole_trace_has_its_own_credit(game, columns):
    problem, steps = game
    one, two = (problem.traces.get(end=steps[at]) for at in (4, 5))
    sides = [target_of(problem=problem, key=f"t{trace.pk}") for trace in (one, two)]
    column = columns.column("tempo")
    found = compare(columns=columns, a=sides[0], b=sides[1], by="tempo", by_b="tempo")
    for target, along in zip(sides, found.along, strict=True):
        own = column.per_trace[target.end.pk]
        assert along.tolist() == own.tolist()
    assert found.fall.first == pytest.approx(sum(column.per_trace[steps[4].pk]))
    assert found.fall.exact
    path = compare(columns=columns, a=side(problem, steps[4]), b=sides[1], by="tempo", by_b="tempo")
    assert path.along[0].tolist() == column.values[path.a.path.at].tolist()


def test_two_models_differ_by_their_running_reward_before_the_first_step_too(game, models, columns):
    problem, steps = game
    keys = [f"prm_score@{model.pk}" for model in models]
    models[0].token_scores.filter(step=steps[0]).update(start=0.125)
    path = side(problem, steps[4])
    found = compare(columns=columns, a=path, b=path, by=keys[0], by_b=keys[1])
    assert found.fall.bars[0].row is None
    assert found.fall.bars[0].size == 0.125 - 0.5
    assert found.fall.exact
    assert found.correlation.n == len(steps)
    assert (found.scale.low, found.scale.high) == (0.0, 1.0)


def test_people_and_a_model_stand_on_one_scale_and_only_where_both_spoke(
    game, models, rated, columns
):
    problem, steps = game
    path = side(problem, steps[6])
    key = f"prm_score@{models[0].pk}"
    found = compare(columns=columns, a=path, b=path, by=HUMAN, by_b=key)
    assert found.left_out == 1, "nobody rated the last step"
    assert (found.scale.low, found.scale.high) == (-1.0, 1.0)
    score = models[0].step_scores.get(step=steps[0]).score
    assert found.deltas[0] == pytest.approx(1 - (2 * score - 1))
    assert found.fall.exact
    rows = found.rows(0)
    assert rows[2].delta is None


def test_numbers_of_different_units_are_not_subtracted(game, models, columns):
    problem, steps = game
    path = side(problem, steps[4])
    found = compare(columns=columns, a=path, b=path, by="tempo", by_b="leaf_value")
    assert found.fall is None
    assert found.apart.startswith("undefined because the two are in different units")
    assert found.correlation.tau_b is not None


def test_many_bars_are_drawn_as_few_that_still_sum_to_the_margin(project, columns):
    nodes = [Node("a", at - 1) for at in range(80)] + [Node("end", 79, outcomes=[1.0])]
    nodes += [Node("b", 0, outcomes=[0.0])]
    problem, steps = write_problem(project, "long", nodes)
    own = Columns(problem, columns.access, EVERYTHING)
    # visits of a search as levels: every step moves
    for at, step in enumerate(steps):
        step.value = (at % 7) / 7
        step.save()
    found = compare(
        columns=own,
        a=side(problem, steps[80]),
        b=side(problem, steps[81]),
        by="value",
        by_b="value",
    )
    bars = shown_bars(found.fall)
    assert len(bars) < len(found.fall.bars)
    assert bars[-1].end == pytest.approx(found.fall.first)


def test_the_address_holds_everything_and_the_sides_swap(game, models, rated, reviewer, address):
    _, steps = game
    query = f"?a=s{steps[1].pk}&by=tempo&b=s{steps[2].pk}&by_b=grpo"
    whole = body(reviewer, address(f"compare/{query}"))
    again = body(reviewer, address(f"compare/{query}"))
    assert whole == again
    swap = re.search(r'id="swap" href="([^"]+)"', whole)[1].replace("&amp;", "&")
    assert f"a=s{steps[2].pk}" in swap
    assert "by=grpo" in swap
    assert "by_b=tempo" in swap
    back = re.search(r'id="swap" href="([^"]+)"', body(reviewer, swap))[1].replace("&amp;", "&")
    assert unquote(back) == address(f"compare/{query}")


def test_htmx_gets_the_comparison_alone(game, reviewer, address):
    answer = reviewer.get(address("compare/"), headers={"HX-Request": "true"})
    content = answer.content.decode()
    assert "<html" not in content
    assert 'id="compare"' in content


def test_siblings_and_traces_are_chosen_where_the_address_names_none(game, reviewer, address):
    problem, steps = game
    whole = body(reviewer, address("compare/"))
    solved = problem.traces.get(end=steps[4])
    assert f'value="t{solved.pk}" selected' in whole
    beside = body(reviewer, address(f"compare/?a=s{steps[1].pk}"))
    assert f'value="s{steps[2].pk}" selected' in beside


@pytest.mark.parametrize(
    "query",
    [
        *("a=s0", "a=t0", "a=x1", "a=s99999999999999999999", "a=%00", "b=s0", "a=-1"),
        *("by=nothing", "by_b=nothing", "by=prm_score@0", "a=s1%20"),
    ],
)
def test_what_does_not_exist_is_not_found_and_said(game, reviewer, address, query):
    answer = reviewer.get(address(f"compare/?{query}"))
    assert answer.status_code == 404
    assert b"Traceback" not in answer.content


def test_a_row_number_beyond_the_end_shows_no_row(game, reviewer, address):
    assert "No row here" in body(reviewer, address("compare/?from=999999"))
    assert "Step by step" in body(reviewer, address("compare/?from=x"))


def test_paths_of_another_problem_are_not_found(game, project, reviewer, address):
    other, steps = write_problem(project, "other", [Node("x", outcomes=[1.0])])
    assert reviewer.get(address(f"compare/?a=s{steps[0].pk}")).status_code == 404
    assert reviewer.get(address(f"compare/?a=t{other.traces.first().pk}")).status_code == 404


def test_an_empty_problem_says_that_there_is_nothing(project, reviewer):
    problem, _ = write_problem(project, "empty", [])
    url = f"/p/{project.name}/problems/{problem.pk}/compare/"
    assert "nothing to compare" in reviewer.get(url).content.decode()


def test_strangers_find_nothing(game, client_for, address):
    other = Project.objects.create(name="Other")
    stranger = client_for(member(other, "stranger", "owner"))
    assert stranger.get(address("compare/")).status_code == 404


def test_blind_annotators_see_neither_scores_nor_ratings_of_others(
    game, models, rated, project, annotator, address
):
    _, steps = game
    project.show_scores = False
    project.save()
    key = f"prm_score@{models[0].pk}"
    assert annotator.get(address(f"compare/?by={key}")).status_code == 404
    path = f"a=s{steps[0].pk}&b=s{steps[0].pk}"
    for by in ("human", "checker"):
        said = body(annotator, address(f"compare/?{path}&by=tempo&by_b={by}"))
        assert "open to you" in said
        assert "0 ratings" in said
    assert "+1.00</span>" not in body(annotator, address(f"compare/?{path}&by=human"))
    annotator.post(address(f"steps/{steps[0].pk}/label/"), {"rating": "-1"})
    own = body(annotator, address(f"compare/?{path}&by=human"))
    assert "1 rating " in own
    assert "−1.00" in own


def test_the_usual_comparison_that_is_shown_is_marked_whichever_side_is_first(
    game, models, rated, reviewer, address
):
    _, steps = game
    trace = steps[4].traces.get()
    sides = ("human", f"prm_score@{models[-1].pk}")
    for by, by_b in (sides, sides[::-1]):
        query = f"?a=t{trace.pk}&by={by}&b=t{trace.pk}&by_b={by_b}"
        page = reviewer.get(address(f"compare/{query}")).content.decode()
        marked = re.findall(
            r'<a class="button small" id="mode-\d" aria-current="true"[^>]*>([^<]+)', page
        )
        assert marked == ["People and a model"]
        assert "A's number of a step minus B's" in page


def test_a_comparison_that_fits_begins_with_its_first_row(game, models, reviewer, address):
    _, steps = game
    query = f"?a=s{steps[4].pk}&b=s{steps[6].pk}&by=prm_score@{models[0].pk}"
    page = reviewer.get(address(f"compare/{query}")).content.decode()
    assert 'id="row-0"' in page
    assert "rows-earlier" not in page
