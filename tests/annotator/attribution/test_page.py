"""The page of a path's tokens: what it draws, whom it shows it, and what it answers to a bad address."""

from __future__ import annotations

import html
import json
import re

import numpy as np
import pytest

from annotator.errors import NotFoundError
from annotator.models import Attribution, FaithfulnessCard, Job, RewardModel, Step, TokenScore
from annotator.queries.attribution.path import path_of
from annotator.queries.attribution.running import running_reward_of
from annotator.queries.attribution.stored import digest_of
from annotator.queries.attribution.usable import card_digest, cards_of
from annotator.services.jobs import job_claim, job_create
from annotator.services.models.attributions import attribution_store
from annotator.views.attribution.text import texts_html
from scoring.attribution.base import Attribution as Found
from scoring.attribution.base import Objective, Spent
from scoring.attribution.faithfulness.base import CARD_VERSION
from scoring.attribution.registry import METHODS, parameters

pytestmark = pytest.mark.django_db
BLOCK = re.compile(
    r'<section class="token-block"><p class="step-text">(.*?)</p></section>', re.DOTALL
)
NAMES = [
    f"heat-{name}"
    for name in [
        "neg-4",
        "neg-3",
        "neg-2",
        "neg-1",
        "zero",
        "pos-1",
        "pos-2",
        "pos-3",
        "pos-4",
        "none",
    ]
]


def url(project, problem, query=""):
    return f"/p/{project.name}/problems/{problem.pk}/attribution/{query}"


def made_with(row):
    """Return the facts of a card with a method's own settings, as its job stores them."""
    return {"card": CARD_VERSION, "params": parameters(row, {})}


def read(client, address, status=200):
    answer = client.get(address)
    assert answer.status_code == status, answer.content.decode()[:400]
    return answer.content.decode()


def told(page, name):
    return json.loads(
        re.search(rf'<script id="{name}" type="application/json">(.*?)</script>', page)[1]
    )


def spans(page):
    """Return level and text of every token, cut as the script does: in units of UTF-16."""
    if 'id="cut"' not in page:
        return []
    cut, levels = told(page, "cut"), told(page, "numbers")["levels"]
    found, at = [], iter(range(len(levels)))
    lengths = iter(cut["lengths"])
    for text, count in zip(BLOCK.findall(page), cut["counts"], strict=True):
        units = html.unescape(text).encode("utf-16-le")
        for _ in range(count):
            size = 2 * next(lengths)
            piece, units = units[:size].decode("utf-16-le"), units[size:]
            found.append((NAMES[ord(levels[next(at)]) - ord("a")], piece or "¶"))
        assert not units, "every character is of a token"
    assert not [*at, *lengths]
    return found


def test_the_running_reward_of_a_scored_path_is_there_and_spells_the_texts(project, game, reviewer):
    problem, steps, model = game
    page = read(reviewer, url(project, problem, f"?end={steps[4].pk}"))
    path = path_of(end=steps[4])
    assert "".join(text for _, text in spans(page)) == "".join(path.texts)
    running = running_reward_of(steps=path.steps, model=model)
    assert len(spans(page)) == len(running.credit)
    assert "nothing: scoring left it behind" in page
    assert "Job" not in page.split("<main")[1].split("Methods")[0]


def test_credits_of_a_unit_are_the_sum_of_its_tokens(project, game, reviewer):
    problem, steps, _ = game
    by_step = read(reviewer, url(project, problem, f"?end={steps[4].pk}&by=step"))
    path = path_of(end=steps[4])
    running = running_reward_of(steps=path.steps, model=game[2])
    sums = np.bincount(running.step, running.credit)
    numbers = told(by_step, "numbers")
    np.testing.assert_allclose(numbers["sums"], sums, rtol=1e-5)
    np.testing.assert_allclose(numbers["steps"]["credit"], sums, rtol=1e-5)
    assert numbers["units"] == told(by_step, "cut")["counts"]
    levels = [level for level, _ in spans(by_step)]
    for number in range(len(path.steps)):
        here = {level for level, k in zip(levels, running.step, strict=True) if k == number}
        assert len(here) == 1, "one unit, one colour"


def test_hostile_text_stays_text(project, game, reviewer):
    problem, steps, _ = game
    text = "<script>alert(1)</script> 👩‍👩‍👧 é <img src=x onerror=alert(2)>"
    step = steps[0]
    step.text = text
    step.save()
    ends = np.array([9, len(text)], "<i4").tobytes()
    TokenScore.objects.filter(step=step).update(
        ends=ends, running=np.array([0.1, 0.2], "<f4").tobytes()
    )
    page = read(reviewer, url(project, problem, f"?end={step.pk}"))
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "".join(part for _, part in spans(page)) == text


def test_line_ends_and_wide_characters_keep_their_places(project, game, reviewer):
    problem, steps, _ = game
    text = "a\r\nb\r👍🏽 é漢\n$\\frac{1}{2}$"
    step = steps[0]
    step.text = text
    step.save()
    ends = np.array([1, 2, 5, 6, 7, 9, len(text)], "<i4")
    running = np.linspace(0.1, 0.7, len(ends)).astype("<f4")
    TokenScore.objects.filter(step=step).update(ends=ends.tobytes(), running=running.tobytes())
    page = read(reviewer, url(project, problem, f"?end={step.pk}"))
    assert "a&#13;\nb&#13;👍" in page, "a browser would make one line feed of CR LF"
    pieces = [part for _, part in spans(page)]
    assert pieces == [text[a:b] for a, b in zip([0, *ends[:-1]], ends, strict=True)]
    assert told(page, "cut")["lengths"][3:5] == [2, 2], "two units each in a script"


def test_what_was_found_in_a_longer_text_is_cut_where_the_text_ends(
    project, game, reviewer, stored
):
    problem, steps, _ = game
    stored()
    steps[4].text = "Short."
    steps[4].save()
    query = f"?end={steps[4].pk}&method=integrated_gradients"
    page = read(reviewer, url(project, problem, query))
    lengths, counts = (told(page, "cut")[name] for name in ("lengths", "counts"))
    assert sum(lengths[-counts[-1] :]) == len("Short.")


def test_neighbours_are_drawn_together_up_to_a_size():
    texts = ["x" * 4_000, "y" * 4_000, *["z"] * 100, "w" * 50_000, ""]
    chunks = re.findall(
        r'<div class="token-chunk">(.*?)</div>', texts_html([Step(text=t) for t in texts])
    )
    assert [len(BLOCK.findall(chunk)) for chunk in chunks] == [1, 48, 48, 5, 1, 1]
    assert [text for chunk in chunks for text in BLOCK.findall(chunk)] == texts


def test_scores_that_do_not_fit_the_text_are_not_drawn(project, game, reviewer):
    problem, steps, _ = game
    steps[0].text += " and more"
    steps[0].save()
    page = read(reviewer, url(project, problem, f"?end={steps[0].pk}"))
    assert not spans(page)
    assert "has not scored every step of this path" in page


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_tokens_without_a_finite_number_are_missing_and_the_rest_adds_up(
    project, game, reviewer, number
):
    problem, steps, model = game
    whole = running_reward_of(steps=path_of(end=steps[1]).steps, model=model)
    row = TokenScore.objects.get(step=steps[0])
    running = np.frombuffer(bytes(row.running), "<f4").copy()
    running[[0, -1]] = number  # the last token of a step: the next step begins without it
    row.running = running.tobytes()
    row.save()
    page = read(reviewer, url(project, problem, f"?end={steps[1].pk}"))
    levels = [level for level, _ in spans(page)]
    assert [at for at, level in enumerate(levels) if level == "heat-none"] == [0, len(running) - 1]
    assert "2 tokens have no number: what was done there is in the next one" in page
    assert "adds up" in page
    numbers = told(page, "numbers")
    assert (numbers["sums"][0], numbers["sums"][len(running) - 1]) == (None, None)
    assert sum(x for x in numbers["sums"] if x is not None) == pytest.approx(
        whole.running[-1] - whole.start, abs=1e-5
    )
    by_step = told(read(reviewer, url(project, problem, f"?end={steps[1].pk}&by=step")), "numbers")
    assert None not in by_step["sums"], "a unit with one number has a number"


def test_a_path_without_a_number_in_front_of_it_is_not_drawn(project, game, reviewer):
    problem, steps, _ = game
    TokenScore.objects.filter(step=steps[0]).update(start=np.nan)
    page = read(reviewer, url(project, problem, f"?end={steps[0].pk}"))
    assert not spans(page)
    assert "has not scored every step of this path" in page


def test_a_bad_address_names_the_way_out(project, game, reviewer):
    problem, steps, model = game
    page = read(reviewer, url(project, problem, "?method=telepathy"), 422)
    assert all(key in page for key in METHODS)
    assert "was deleted" in read(reviewer, url(project, problem, "?model=999999"), 404)
    assert "not of this problem" in read(reviewer, url(project, problem, "?end=999999"), 404)
    wrong = f"?end={steps[0].pk}&model={model.pk}&method=integrated_gradients&p.start=none"
    assert "start" in read(reviewer, url(project, problem, wrong), 422)


def test_what_models_say_opens_with_the_judgement(project, game, annotator):
    problem, steps, _ = game
    page = read(annotator, url(project, problem, f"?end={steps[0].pk}"), 403)
    assert "once you have judged" in html.unescape(page)
    project.show_scores = True
    project.save()
    assert spans(read(annotator, url(project, problem, f"?end={steps[0].pk}")))


def found(path, method="integrated_gradients", **changes):
    """What a job would find: a quarter of the credit in each half of every step, marks behind it."""
    row = METHODS[method]
    steps = len(path.steps)
    lengths = [len(text) for text in path.texts]
    columns = [
        (k, a, b) for k, n in enumerate(lengths) for a, b in ((0, n // 2), (n // 2, n), (n, n))
    ]
    step, begin, end = (np.array(column, np.int32) for column in zip(*columns, strict=True))
    credit = np.tile([0.25, -0.5, 0.125], steps).astype(np.float32)
    values = {
        "method": method,
        "version": row.version,
        "params": parameters(row, {}),
        "granularity": row.granularity,
        "credit": credit,
        "step": step,
        "begin": begin,
        "end": end,
        "per_step": np.full(steps, -0.125),
        "unit": "log-odds",
        "value": 1.0 - 0.125 * steps,
        "baseline_value": 1.0,
        "baseline": "the mean embedding",
        "total": float(credit.sum()),
        "relative_error": 0.0,
        "badge": "ok",
        "n_used": 64,
        "series": ((32, 0.2), (64, 0.0)),
        "standard_error": None,
        "objectives": {},
        "n_tokens": 3 * steps + 4,
        "read_index": 3 * steps + 3,
        "dtype": "float32",
        "model_hash": "abc",
        "template_hash": "def",
        "spent": Spent(66, 64, 4, 900),
        "notes": ("a note of the method",),
    }
    return Found(**(values | changes))


@pytest.fixture
def stored(project, game):
    """Return a function that stores what a job found of the longest path."""
    _, steps, model = game

    def store(**changes):
        job = job_create(project=project, kind=Job.Kind.ATTRIBUTE, args={}, user=None)
        path = path_of(end=steps[4])
        return attribution_store(
            job=job_claim(job_id=job.pk, worker=None),
            model=model,
            end=steps[4],
            found=found(path, **changes),
        )

    return store


def test_a_model_deleted_while_a_job_reads_is_a_reason(game, stored):
    RewardModel.objects.filter(pk=game[2].pk).delete()
    with pytest.raises(NotFoundError, match="model was deleted"):
        stored()
    assert not Attribution.objects.exists()


def test_what_a_job_found_is_shown_with_what_made_it(project, game, reviewer, stored):
    problem, steps, _ = game
    stored()
    query = f"?end={steps[4].pk}&method=integrated_gradients"
    page = html.unescape(read(reviewer, url(project, problem, query)))
    for text in ("the mean embedding", "a note of the method", "adds up", "32: 20.00%", "log-odds"):
        assert text in page
    assert '<th scope="row">Baseline</th><td>mean of neutral tokens</td>' in page
    marks = [text for level, text in spans(page) if text == "¶"]
    assert len(marks) == len(path_of(end=steps[4]).steps)
    assert "token-text faded" not in page
    again = stored(relative_error=0.3, badge="red")
    assert Attribution.objects.get() == again, "one row by path, model and parameters"
    page = read(reviewer, url(project, problem, query))
    assert "does not add up" in page
    assert "token-text faded" in page


def test_a_change_of_the_texts_makes_it_stale(project, game, reviewer, stored):
    problem, steps, _ = game
    stored()
    problem.prompt += " Really."
    problem.save()
    query = f"?end={steps[4].pk}&method=integrated_gradients"
    page = read(reviewer, url(project, problem, query))
    assert "The texts were changed since" in page
    assert "token-text faded" in page


def test_other_parameters_are_another_picture(project, game, reviewer, stored):
    problem, steps, model = game
    stored()
    query = f"?end={steps[4].pk}&model={model.pk}&method=integrated_gradients&p.baseline=pad_row"
    page = read(reviewer, url(project, problem, query))
    assert not spans(page)
    assert "and these parameters" in page
    row = METHODS["integrated_gradients"]
    one, other = parameters(row, {}), parameters(row, {"baseline": "pad_row"})
    names = {digest_of(method=row.key, version=row.version, params=p) for p in (one, other)}
    assert len(names) == 2


def test_criteria_and_errors_of_drawn_orders_are_told(project, game, reviewer, stored):
    problem, steps, _ = game
    path = path_of(end=steps[4])
    credit = found(path).credit
    stored(
        method="step_shapley",
        standard_error=np.full(len(path.steps), 0.031),
        objectives={"clarity": Objective(0.4, 1.5, credit)},
    )
    page = read(reviewer, url(project, problem, f"?end={steps[4].pk}&method=step_shapley"))
    assert set(told(page, "numbers")["steps"]["errors"]) == {0.031}
    assert "clarity" in page


def test_a_method_that_failed_is_not_the_default(project, game, reviewer, stored):
    problem, steps, model = game
    here = url(project, problem, f"?end={steps[4].pk}")
    stored()

    def first():
        return re.search(r'<h2 id="read-title">([\w ]+?) <', read(reviewer, here))[1]

    def tried(method, *, passed):
        row = METHODS[method]
        FaithfulnessCard.objects.update_or_create(
            model=model,
            method=method,
            defaults={"version": row.version, "passed": passed, "facts": made_with(row)},
        )

    assert first() == "Running reward"
    tried("running_reward", passed=False)
    assert first() == "Integrated gradients"
    tried("integrated_gradients", passed=True)
    assert first() == "Integrated gradients"
    tried("integrated_gradients", passed=False)
    page = read(reviewer, here)
    assert "No method here passed its checks" in page
    assert ": Running reward, Integrated gradients." in page
    assert 'id="token-text"' not in page
    assert '<option value="" selected>choose one</option>' in page
    chosen = read(reviewer, f"{here}&method=integrated_gradients")
    assert 'id="token-text"' in chosen
    assert "choose one</option>" not in chosen
    FaithfulnessCard.objects.update(version="0")  # of methods as they were before
    assert first() == "Running reward"


def test_a_card_of_older_checks_does_not_count(project, game, reviewer):
    problem, steps, model = game
    row = METHODS["running_reward"]
    FaithfulnessCard.objects.create(
        model=model, method=row.key, version=row.version, passed=False, facts={"paths": 10}
    )
    assert cards_of(model=model) == {}
    FaithfulnessCard.objects.update(facts=made_with(row) | {"card": CARD_VERSION - 1})
    assert cards_of(model=model) == {}
    assert "failed a check" not in read(reviewer, url(project, problem, f"?end={steps[4].pk}"))


OTHER = "What is shown has other settings, which were not checked."


def test_a_result_with_the_settings_that_passed_is_opened(project, game, reviewer, stored):
    problem, steps, model = game
    row = METHODS["integrated_gradients"]
    FaithfulnessCard.objects.create(
        model=model, method=row.key, version=row.version, passed=True, facts=made_with(row)
    )
    here = url(project, problem, f"?end={steps[4].pk}")
    stored(params=parameters(row, {}))
    stored(params=parameters(row, {"baseline": "pad_row"}))  # newer
    page = read(reviewer, here)
    assert '<h2 id="read-title">Integrated gradients' in page
    assert '<th scope="row">Baseline</th><td>mean of neutral tokens</td>' in page
    assert OTHER not in page
    assert OTHER in read(reviewer, f"{here}&method={row.key}&p.baseline=pad_row")
    Attribution.objects.filter(digest=card_digest(FaithfulnessCard.objects.get())).delete()
    assert '<h2 id="read-title">Running reward' in read(reviewer, here)
    assert OTHER in read(reviewer, f"{here}&method={row.key}")


def test_the_score_that_scoring_left_was_not_checked(project, game, reviewer):
    problem, steps, model = game
    row = METHODS["running_reward"]
    FaithfulnessCard.objects.create(
        model=model, method=row.key, version=row.version, passed=True, facts=made_with(row)
    )
    page = read(reviewer, url(project, problem, f"?end={steps[4].pk}"))
    assert f"with output: raw reward. {OTHER}" in page


def test_a_card_is_shown_beside_its_method(project, game, reviewer):
    problem, steps, model = game
    FaithfulnessCard.objects.create(
        model=model,
        method="running_reward",
        version=METHODS["running_reward"].version,
        passed=False,
        facts=made_with(METHODS["running_reward"]),
        checks=[
            {"label": "Planted truth", "value": 0.42, "said": "0.42", "passed": False},
            {"label": "Insertion", "value": 8.9, "said": "8.900", "passed": None},
            {"label": "Follows the weights", "value": None, "said": "nan", "passed": None},
        ],
    )
    page = read(reviewer, url(project, problem, f"?end={steps[0].pk}&method=running_reward"))
    assert "failed a check" in page
    assert "Planted truth" in page
    assert "8.900</td><td>shown only</td>" in page
    assert "nan</td><td>not measured</td>" in page
    page = read(reviewer, f"/p/{project.name}/models/{model.pk}/")
    assert "Attribution methods that were tried" in page
    assert "Planted truth 0.42 <b>failed</b>" in page


def test_a_check_under_way_is_said_and_not_started_twice(project, game, reviewer):
    problem, steps, model = game
    RewardModel.objects.filter(pk=model.pk).update(artefact="somewhere")
    here = url(project, problem, f"?end={steps[0].pk}&method=running_reward")
    page = html.unescape(read(reviewer, here))
    assert "a minute or more of a gpu worker" in page
    args = {"model": model.pk, "method": "running_reward", "name": "x"}
    job = job_create(project=project, kind=Job.Kind.FAITHFUL, args=args, user=None)
    page = read(reviewer, here)
    assert f"Job {job.pk}</a> checks this method: queued." in page
    assert 'name="check" value="1" disabled' in page


def test_numbers_of_steps_have_limits_of_their_own(project, game, reviewer, stored):
    problem, steps, _ = game
    stored()  # every step sums to -0.125, and its halves are +0.25 and -0.5
    page = read(reviewer, url(project, problem, f"?end={steps[4].pk}&method=integrated_gradients"))
    assert set(told(page, "numbers")["steps"]["levels"]) == {"a"}, "the strongest there is"
    assert "Numbers of steps have limits of their own, −0.125 to +0.125." in page
