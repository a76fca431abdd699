import pytest

from webapp import checks


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("garbage://host", "No such transport: garbage"),
        ("host", "it has no scheme"),
        ("redis://host:door/0", "Port could not be cast"),
    ],
)
def test_a_broker_that_cannot_be_used_is_named(settings, url, words):
    settings.CELERY_BROKER_URL = url
    (error,) = checks.broker_can_be_used(None)
    assert words in error.msg
    assert "leave it unset" in error.hint


@pytest.mark.parametrize("url", ["", "redis://host:6379/0", "amqp://me:secret@host//"])
def test_a_broker_that_can_be_used_is_not_asked_whether_it_is_there(settings, url):
    settings.CELERY_BROKER_URL = url
    assert checks.broker_can_be_used(None) == []
