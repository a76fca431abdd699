"""Reading one batch ahead: in order, errors handed on, no thread left behind."""

import gc
import threading

import pytest

from annotator.services.collector import collector_paused
from annotator.services.imports.ahead import ReadAhead


def readers():
    return [thread for thread in threading.enumerate() if thread.name == "import-reader"]


@pytest.mark.parametrize("count", [0, 1, 2, 50])
def test_items_come_in_order(count):
    ahead = ReadAhead(range(count))

    assert list(ahead) == list(range(count))
    ahead.close()
    assert not readers()


def test_a_reader_that_leaves_early_ends_the_thread():
    made = []

    def endless():
        while True:
            made.append(len(made))
            yield made[-1]

    ahead = ReadAhead(endless())
    items = iter(ahead)
    assert [next(items), next(items)] == [0, 1]
    ahead.close()

    assert not readers()
    assert len(made) <= 4


def test_an_error_comes_after_the_items_before_it():
    def failing():
        yield from (1, 2)
        raise ValueError("third")

    ahead = ReadAhead(failing())
    items = iter(ahead)

    assert [next(items), next(items)] == [1, 2]
    with pytest.raises(ValueError, match="third"):
        next(items)
    ahead.close()


def test_the_collector_runs_again_afterwards_also_after_an_error():
    states = []

    @collector_paused()
    def fail():
        states.append(gc.isenabled())
        raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()

    assert states == [False]
    assert gc.isenabled()
