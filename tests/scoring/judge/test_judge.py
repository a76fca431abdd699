"""A judge over HTTP: votes, prices, retries, and servers that fail in every way."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import pytest

from scoring.errors import JudgeCapError, JudgeEndpointError
from scoring.judge import Judge, JudgeConfig, Question
from tests.scoring.judge.served import answer_of, write_model
from tests.scoring.judge.servers import completion, scripted, transformers_serve

STEPS = ["19 × 2 = 38", "38 + 4 = 43"]
RIGHT, WRONG = answer_of(1, 2, "right"), answer_of(1, 2, "wrong")


class Kept(dict):
    """A cache in memory."""

    def put(self, key, answer):
        self[key] = answer


def judged(address, *, cache=None, first=1, **settings):
    judge = Judge(JudgeConfig(endpoint=address, model="m", **settings), cache)
    found = judge.trace(problem="Double 19, plus 4.", steps=STEPS, first=first)
    return judge, found


def test_a_served_language_model_judges_the_steps_of_a_path(tmp_path):
    write_model(tmp_path, RIGHT)
    with transformers_serve(tmp_path) as address:
        config = JudgeConfig(endpoint=address, model=str(tmp_path), max_tokens=16, timeout_s=120)
        judge = Judge(config)
        found = judge.trace(problem="Double 19, plus 4.", steps=STEPS, reference="42")
    assert [step.score for step in found.steps] == [1.0, 1.0]
    assert found.steps[0].reasons == ("It follows.",)
    assert found.unread == ()
    assert judge.spent.requests == 1
    assert judge.spent.tokens_in > 100
    assert judge.spent.tokens_out >= 1


def test_votes_are_counted_and_asked_with_different_seeds():
    answers = {1: RIGHT, 2: WRONG, 3: RIGHT}
    with scripted(lambda n: (200, completion(answers[n]))) as (address, asked):
        judge, found = judged(address, votes=3, temperature=1.0, parallel=1)
    assert [round(step.score, 3) for step in found.steps] == [0.667, 0.667]
    assert found.steps[0].votes == (1.0, 0.0, 1.0)
    assert [request["seed"] for request in asked] == [0, 1, 2]
    assert judge.spent.requests == 3


def test_only_the_steps_asked_for_are_judged():
    with scripted(lambda _: (200, completion(answer_of(2, 2, "wrong")))) as (address, _):
        _, found = judged(address, first=2)
    assert (found.first, [step.score for step in found.steps]) == (2, [0.0])


def test_an_answer_that_cannot_be_read_is_asked_for_again_then_left_out():
    replies = {1: "I would say they are fine.", 2: RIGHT}
    with scripted(lambda n: (200, completion(replies[n]))) as (address, asked):
        _, found = judged(address)
    assert [step.score for step in found.steps] == [1.0, 1.0]
    assert asked[0]["seed"] != asked[1]["seed"]
    with scripted(lambda _: (200, completion("Fine", finish="length"))) as (address, asked):
        judge, found = judged(address)
    assert (found.steps, len(asked)) == ((), 2)
    assert found.unread == ("no JSON object with steps in 'Fine'; it was cut at max_tokens",)
    assert judge.spent.requests == 2  # paid for, read or not


def test_a_server_that_limits_is_asked_again_and_the_pause_it_wants_is_kept():
    with scripted(lambda n: (429, "{}") if n < 3 else (200, completion(RIGHT))) as (address, asked):
        _, found = judged(address)
    assert len(asked) == 3
    assert found.steps


@pytest.mark.parametrize(
    ("status", "body", "why"),
    [
        (401, '{"error": {"message": "no key"}}', "401.*name the variable that holds its key"),
        (404, "{}", "404.*check endpoint and model"),
        (500, "{}", "500.*see the server's log"),
        (200, "not json", "does not answer like an OpenAI-compatible server"),
        (200, '{"choices": []}', "does not answer like an OpenAI-compatible server"),
    ],
)
def test_what_a_server_refuses_is_said_with_the_way_out(status, body, why):
    with (
        scripted(lambda _: (status, body)) as (address, _),
        pytest.raises(JudgeEndpointError, match=why),
    ):
        judged(address, retries=1)


def test_a_key_goes_to_the_server_and_into_no_sentence():
    def refusing(_):
        return 401, '{"error": {"message": "sk-secret is wrong"}}'

    with scripted(refusing) as (address, asked):
        config = JudgeConfig(endpoint=address, model="m", key_variable="SOME_KEY")
        with pytest.raises(JudgeEndpointError, match=r"… is wrong.*SOME_KEY") as caught:
            Judge(config, key="sk-secret").trace(problem="p", steps=STEPS)
    assert asked[0]["headers"]["authorization"] == "Bearer sk-secret"
    assert "sk-secret" not in str(caught.value)


def test_what_the_environment_holds_for_other_servers_stays_there(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "theirs")
    monkeypatch.setenv("OPENAI_ADMIN_KEY", "theirs")
    monkeypatch.setenv("OPENAI_ORG_ID", "theirs")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "theirs")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "Authorization: theirs\nX-Gateway: theirs")
    with scripted(lambda _: (200, completion(RIGHT))) as (address, asked):
        _, found = judged(address)
    assert found.steps
    assert "theirs" not in str(asked[0]["headers"])
    assert asked[0]["headers"]["content-type"] == "application/json"


def test_a_server_that_points_elsewhere_is_not_followed():
    with (
        scripted(lambda _: (200, completion(RIGHT))) as (elsewhere, found),
        scripted(lambda _: (307, "{}"), Location=f"{elsewhere}/chat/completions") as (address, _),
        pytest.raises(JudgeEndpointError, match="answered 307"),
    ):
        judged(address)
    assert found == []


def test_many_paths_come_back_as_they_are_answered_with_no_more_than_parallel_at_once():
    busy, most = [], []

    def reply(_):
        busy.append(1)
        most.append(len(busy))
        time.sleep(0.05)
        busy.pop()
        return 200, completion(RIGHT)

    questions = [Question(f"problem {n}", tuple(STEPS)) for n in range(9)]
    with scripted(reply) as (address, asked):
        judge = Judge(JudgeConfig(endpoint=address, model="m", parallel=3))
        found = [event for event in judge.stream(questions) if event is not None]
    assert {question.problem for question, _ in found} == {q.problem for q in questions}
    assert all(verdicts.steps[1].score == 1.0 for _, verdicts in found)
    assert len(asked) == judge.spent.requests == 9
    assert 1 < max(most) <= 3


def test_one_path_that_fails_leaves_the_others_alone_and_a_lasting_failure_ends_all():
    def reply(n):
        return (400, "{}") if n == 2 else (200, completion(RIGHT))

    questions = [Question(f"problem {n}", tuple(STEPS)) for n in range(4)]
    with scripted(reply) as (address, _):
        judge = Judge(JudgeConfig(endpoint=address, model="m", parallel=1))
        found = [answer for _, answer in filter(None, judge.stream(questions))]
    assert [isinstance(answer, JudgeEndpointError) for answer in found] == [0, 1, 0, 0]
    assert judge.spent.failures == {"the server answered 400": 1}
    with scripted(lambda n: (200, completion(RIGHT)) if n < 3 else (403, "{}")) as (address, asked):
        judge = Judge(JudgeConfig(endpoint=address, model="m", parallel=1))
        answered = []
        with pytest.raises(JudgeEndpointError, match="403"):
            answered.extend(filter(None, judge.stream(questions)))
        assert len(asked) == 3
    with scripted(reply) as (address, asked):
        stream = Judge(JudgeConfig(endpoint=address, model="m", parallel=1)).stream(questions)
        next(stream)
        stream.close()
        assert len(asked) < 4


def test_breaking_off_does_not_wait_for_an_answer():
    def slow(_):
        time.sleep(3)
        return 200, completion(RIGHT)

    with scripted(slow) as (address, _):
        stream = Judge(JudgeConfig(endpoint=address, model="m")).stream([Question("p", ("s",))])
        assert next(stream) is None
        stream.close()  # the request is broken off in the middle
        assert not [thread for thread in threading.enumerate() if thread.name == "judge"]


def test_a_server_that_is_not_there_or_does_not_answer():
    with pytest.raises(JudgeEndpointError, match="cannot be reached"):
        judged("http://127.0.0.1:9/v1", retries=0)

    def slow(_):
        time.sleep(2)
        return 200, completion(RIGHT)

    with (
        scripted(slow) as (address, _),
        pytest.raises(JudgeEndpointError, match=r"did not answer within 0\.2 s, 1 times"),
    ):
        judged(address, timeout_s=0.2, retries=0)


def test_a_run_stops_before_it_costs_more_than_its_cap():
    prices = {"price_in": 1e6, "price_out": 0.0}  # 1 for each token read
    with scripted(lambda _: (200, completion(RIGHT, tokens_in=700))) as (address, asked):
        config = JudgeConfig(endpoint=address, model="m", cap=1000.0, **prices)
        judge = Judge(config)
        judge.trace(problem="p", steps=STEPS)
        assert judge.spent.cost == 700.0
        with pytest.raises(JudgeEndpointError, match="more than is left of the cap of 1000"):
            judge.trace(problem="q", steps=STEPS)
    assert len(asked) == 1


def test_requests_on_their_way_count_towards_the_cap():
    questions = [Question(f"problem {n}", tuple(STEPS)) for n in range(30)]
    with scripted(lambda _: (200, completion(RIGHT, tokens_in=400))) as (address, asked):
        config = JudgeConfig(endpoint=address, model="m", parallel=8, price_in=1e6, cap=3000.0)
        judge = Judge(config)
        answered = []
        with pytest.raises(JudgeCapError):
            answered.extend(filter(None, judge.stream(questions)))
    paid = [found for _, found in answered if not isinstance(found, JudgeEndpointError)]
    assert 0 < judge.spent.cost == 400.0 * len(asked) == 400.0 * len(paid) <= 3000.0


def test_an_answer_is_paid_for_once():
    cache = Kept()
    with scripted(lambda _: (200, completion(WRONG))) as (address, asked):
        judged(address, cache=cache)
        judge, found = judged(address, cache=cache)
        assert [step.score for step in found.steps] == [0.0, 0.0]
        assert (judge.spent.requests, judge.spent.cached, judge.spent.cost) == (0, 1, 0.0)
        again = Judge(replace(judge.config, principle="Be strict."), cache)
        again.trace(problem="Double 19, plus 4.", steps=STEPS)
    assert len(asked) == 2
