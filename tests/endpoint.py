"""A chat-completions endpoint on the loopback address that counts requests and misbehaves as told."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

GOOD = "good"


def completion(text: str, tokens: list[dict[str, Any]] | None = None) -> dict[str, Any]:
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
    }


class Endpoint:
    """behave(number of the request, its body) says what to do: "drop", "rubbish", a status code, or a completion."""

    def __init__(self, behave: Callable[[int, dict[str, Any]], Any]) -> None:
        self.prompts: list[str] = []
        self.keys: set[str | None] = set()
        self.answered = 0
        lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with lock:
                    outer.prompts.append(body["messages"][0]["content"])
                    outer.keys.add(self.headers.get("Authorization"))
                    number = len(outer.prompts)
                found = behave(number, body)
                if found == "drop":
                    self.close_connection = True
                    return
                status = found if isinstance(found, int) else 200
                text = "<html>not json" if found == "rubbish" else json.dumps(found if status == 200 else {"error": {}})
                kind = "text/html" if found == "rubbish" else "application/json"
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())
                with lock:
                    outer.answered += status == 200

            def log_message(self, *arguments: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/v1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
