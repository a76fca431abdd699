"""``python -m scoring.worker`` with stub runs in place of every kind."""

from __future__ import annotations

import sys

import scoring.worker
from tests.scoring.stub_runs import use_stub_runs

if __name__ == "__main__":
    use_stub_runs()
    scoring.worker.device = lambda: "stub device"
    sys.exit(scoring.worker.main())
