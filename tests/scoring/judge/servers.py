"""Servers that a judge talks to over real HTTP: a served tiny model, and one that misbehaves on cue."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

READY_WITHIN_S = 180


@contextmanager
def transformers_serve(folder: Path) -> Iterator[str]:
    """Serve the model in ``folder`` from a process of its own; yields the base address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = Path(sys.executable).with_name("transformers")
    command = [program, "serve", folder, "--host", "127.0.0.1", "--port", str(port)]
    server = subprocess.Popen(
        [*map(str, command), "--device", "cpu"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _until_ready(server, f"http://127.0.0.1:{port}/health")
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.terminate()
        server.wait(30)


def _until_ready(server: subprocess.Popen[bytes], address: str) -> None:
    end = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < end:
        if server.poll() is not None:
            raise RuntimeError(f"transformers serve ended with {server.returncode}")
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError("transformers serve did not come up")


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """A client that no longer waits is part of the script."""


@contextmanager
def scripted(
    reply: Callable[[int], tuple[int, str]], **headers: str
) -> Iterator[tuple[str, list[dict]]]:
    """Serve ``reply(number of the request)`` → (status, body); yields address and what was asked."""
    with answering(lambda asked: reply(len(asked)), **headers) as served:
        yield served


@contextmanager
def answering(
    reply: Callable[[list[dict]], tuple[int, str]], **headers: str
) -> Iterator[tuple[str, list[dict]]]:
    """Serve ``reply(what was asked, the newest last)`` → (status, body).

    What was asked is the JSON of each request with its ``headers``.
    """
    asked: list[dict] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append(content | {"headers": {k.lower(): v for k, v in self.headers.items()}})
            status, body = reply(asked.copy())
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            for name, value in ({"Retry-After-Ms": "1"} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    server = _Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", asked
    finally:
        server.shutdown()
        server.server_close()


def judging(asked: dict, *, wrong: str) -> str:
    """Return a completion that judges what was asked: wrong where a step's text holds ``wrong``."""
    system, user = (message["content"] for message in asked["messages"])
    [(first, last)] = re.findall(r"Judge the steps (\d+) to (\d+)", system)
    texts = dict(re.findall(r'<step n="(\d+)">\n(.*?)\n</step>', user, re.DOTALL))
    rows = [
        {
            "step": n,
            "reason": f"I read {texts[str(n)]}",
            "verdict": "wrong" if wrong in texts[str(n)] else "right",
        }
        for n in range(int(first), int(last) + 1)
    ]
    return completion(json.dumps({"steps": rows}))


def completion(
    text: str, *, tokens_in: int = 100, tokens_out: int = 10, finish: str = "stop"
) -> str:
    """Return the body of a chat completion."""
    return json.dumps(
        {
            "id": "1",
            "object": "chat.completion",
            "created": 0,
            "model": "m",
            "choices": [
                {
                    "index": 0,
                    "finish_reason": finish,
                    "message": {"role": "assistant", "content": text},
                }
            ],
            "usage": {
                "prompt_tokens": tokens_in,
                "completion_tokens": tokens_out,
                "total_tokens": tokens_in + tokens_out,
            },
        }
    )
