"""A judge's settings and the question that it is asked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scoring.judge import JudgeConfig
from scoring.judge.prompt import messages, template_hash
from scoring.reward.settings import SettingError

CONFIG = JudgeConfig(model="m")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"model": " "}, "model must name"),
        ({"endpoint": "localhost:8000"}, "endpoint must be an http"),
        ({"endpoint": "https://user:secret@host/v1"}, "without name, key"),
        ({"endpoint": "http://localhost\\@host/v1"}, "endpoint must be"),
        ({"endpoint": "http://localhost#@host/v1"}, "endpoint must be"),
        ({"endpoint": "http://host/v1?key=secret"}, "endpoint must be"),
        ({"endpoint": "file:///etc/passwd"}, "endpoint must be"),
        ({"endpoint": "http://host:65536/v1"}, "endpoint must be"),
        ({"endpoint": "http://host/v1\n"}, "endpoint must be"),
        ({"key_variable": "sk-not-a-name"}, "name of an environment variable"),
        ({"principle": "x" * 20_001}, "principle must be text of at most 20000 characters"),
        ({"votes": 3}, "temperature above 0"),
        ({"cap": 1.0}, "cap needs price_in or price_out"),
        ({"timeout_s": float("nan")}, "timeout_s must be a number"),
    ],
)
def test_a_setting_that_cannot_work_is_refused(changes, why):
    with pytest.raises(SettingError, match=why):
        replace(CONFIG, **changes)


def test_the_question_holds_principle_problem_reference_and_numbered_steps():
    system, user = messages(
        CONFIG, problem="2 + 2?", reference="4", steps=["2 + 2 = 4", "Answer: 4"], first=2
    )
    assert CONFIG.principle in system["content"]
    assert "Judge the steps 2 to 2" in system["content"]
    assert '<step n="1">\n2 + 2 = 4\n</step>' in user["content"]
    assert "<reference>\n4\n</reference>" in user["content"]


def test_the_reference_stays_away_where_it_is_not_wanted():
    config = replace(CONFIG, with_reference=False)
    _, user = messages(config, problem="2 + 2?", reference="4", steps=["x"], first=1)
    assert "reference" not in user["content"]


def test_the_hash_follows_the_wording():
    assert template_hash(CONFIG) == template_hash(replace(CONFIG, temperature=1.0))
    assert template_hash(CONFIG) != template_hash(replace(CONFIG, principle="Be strict."))
    assert template_hash(CONFIG) != template_hash(replace(CONFIG, with_reference=False))


@pytest.mark.parametrize(
    ("endpoint", "host"),
    [
        ("http://127.0.0.1:8000/v1", ("127.0.0.1", 8000)),
        ("https://api.example.com/v1", ("api.example.com", 443)),
        ("http://[::1]/v1/", ("[::1]", 80)),
    ],
)
def test_the_server_is_known_by_name_and_port(endpoint, host):
    assert replace(CONFIG, endpoint=endpoint).host == host
