"""A chat-completions endpoint on the loopback address that counts requests and misbehaves as told."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


def completion(text: Any, tokens: list[dict[str, Any]] | None = None, **changes: Any) -> dict[str, Any]:
    """A chat completion as an OpenAI-compatible server writes it."""
    content = tokens and [
        {"token": t["token"], "logprob": t["logprob"], "top_logprobs": t.get("top", []), "bytes": None} for t in tokens
    ]
    return {
        "id": "x",
        "object": "chat.completion",
        "created": 0,
        "model": "m",
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "message": {"role": "assistant", "content": text},
                "logprobs": content and {"content": content},
            }
        ],
        "usage": {"prompt_tokens": 10, "completion_tokens": 1, "total_tokens": 11},
        **changes,
    }


def error(status: int, message: str = "no", code: str | None = None, **headers: str) -> Raw:
    """A refusal or a failure as OpenAI writes it."""
    body = json.dumps({"error": {"message": message, "type": "some_error", "param": None, "code": code}})
    return Raw(body.encode(), status, {name.replace("_", "-"): value for name, value in headers.items()})


@dataclass(frozen=True)
class Raw:
    """An answer byte by byte. slowly: each byte by itself, with a pause after it."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    slowly: bool = False


class Endpoint:
    """behave(number of the request, its body) says what to do: "drop", a status, a completion or other JSON, Raw."""

    def __init__(self, behave: Callable[[int, dict[str, Any]], Any]) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.keys: set[str | None] = set()
        self.answered = 0
        self.closing = threading.Event()
        lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with lock:
                    outer.bodies.append(body)
                    outer.keys.add(self.headers.get("Authorization"))
                    number = len(outer.bodies)
                found = behave(number, body)
                if found == "drop":
                    self.close_connection = True
                    return
                if isinstance(found, int):
                    found = error(found)
                if not isinstance(found, Raw):
                    found = Raw(json.dumps(found).encode())
                self.send_response(found.status)
                headers = {"Content-Type": "application/json", "Content-Length": str(len(found.body))}
                for name, value in {**headers, **found.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                try:
                    for part in [bytes([byte]) for byte in found.body] if found.slowly else [found.body]:
                        self.wfile.write(part)
                        if found.slowly and outer.closing.wait(0.02):
                            break
                except OSError:  # the client has gone
                    self.close_connection = True
                with lock:
                    outer.answered += found.status == 200

            def log_message(self, *arguments: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/v1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def prompts(self) -> list[str]:
        return [body["messages"][0]["content"] for body in self.bodies]

    def close(self) -> None:
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()
