"""Annotators who never give up, ask twice, and sometimes die with an item in their hands."""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import time
import uuid
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

WRONG, TWICE, DIES = 0.3, 0.1, 0.02
# Answers about which nothing is known yet: send the same again.
AGAIN = frozenset({429, 500, 502, 503, 504})


class Api:
    """Requests that are sent until somebody answers them."""

    def __init__(self, ports: list[int], token: str, seed: int, stop: Any) -> None:
        self.ports, self.token, self.stop = ports, token, stop
        self.rng = random.Random(seed)
        self.unanswered = 0

    def ask(self, method: str, path: str, body: Any = None, key: str = "") -> tuple[int, Any]:
        """Return status and body of the first answer that says what became of the request."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        if key:
            headers["Idempotency-Key"] = key
        while not self.stop.is_set():
            connection = http.client.HTTPConnection(
                "127.0.0.1", self.rng.choice(self.ports), timeout=10
            )
            try:
                connection.request(method, f"/api/v1/{path}", json.dumps(body or {}), headers)
                answer = connection.getresponse()
                text = answer.read()
                if answer.status not in AGAIN:
                    return answer.status, json.loads(text) if text else None
            except (OSError, http.client.HTTPException):
                pass
            finally:
                connection.close()
            self.unanswered += 1
            time.sleep(self.rng.uniform(0.05, 0.3))
        raise SystemExit(0)


def client(number: int, data: dict[str, Any], log: Path, may_die: bool, stop: Any) -> None:
    """Work until the queue is done; write down what the server acknowledged."""
    api = Api(data["ports"], data["tokens"][number], number, stop)
    rng, paths = random.Random(number + 1_000), {}
    with log.open("a", buffering=1) as out:
        while not stop.is_set():
            _, served = api.ask("POST", f"queues/{data['queue']}/next/")
            held = served["assignment"]
            if held is None:
                time.sleep(rng.uniform(0.1, 0.4))
                continue
            if may_die and rng.random() < DIES:
                out.write(json.dumps({"died": held["id"]}) + "\n")
                os.kill(os.getpid(), signal.SIGKILL)
            problem = held["problem"]
            if problem not in paths:
                nodes = api.ask("GET", f"problems/{problem}/tree/")[1]["nodes"]
                paths[problem] = [node["id"] for node in nodes if node["id"]]
            for step in paths[problem]:
                rating, key = (-1 if rng.random() < WRONG else 1), str(uuid.uuid4())
                for _ in range(1 + (rng.random() < TWICE)):
                    status, _ = api.ask("PUT", f"steps/{step}/labels/", {"rating": rating}, key)
                    assert status == 200, status
                said = {"kind": "step_label", "key": key, "step": step, "rating": rating}
                out.write(json.dumps(said) + "\n")
                if rating == -1:
                    break
            key = str(uuid.uuid4())
            path, body = f"assignments/{held['id']}/submit/", {"fence": held["fence"]}
            for _ in range(1 + (rng.random() < TWICE)):
                status, answer = api.ask("POST", path, body, key)
                assert status == 200 or answer["error"]["code"] == "lease_lost", answer
            said = {"kind": "submission", "key": key, "step": None, "rating": None}
            out.write(json.dumps(said if status == 200 else {"lost": held["id"]}) + "\n")
