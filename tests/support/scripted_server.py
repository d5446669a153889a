"""An HTTP server that gives the answers of a list, one a request, and keeps what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["ScriptedServer", "scripted_server"]


@dataclass
class ScriptedServer:
    """``answers`` are (status, JSON value or text); the last one is given again and again."""

    answers: list[tuple[int, Any]]
    headers: dict[str, str] = field(default_factory=dict)
    port: int = 0
    #: (method, path with query, header lines by lower-case name, body)
    asked: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def scripted_server(*answers: tuple[int, Any], headers: dict[str, str] | None = None) -> Iterator[ScriptedServer]:
    """Listen on a free port of loopback until the block ends."""
    script = ScriptedServer(list(answers), headers or {})

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            names = {name.lower(): value for name, value in self.headers.items()}
            script.asked.append((self.command, self.path, names, body))
            status, value = script.answers.pop(0) if len(script.answers) > 1 else script.answers[0]
            content = (value if isinstance(value, str) else json.dumps(value)).encode()
            self.send_response(status)
            kind = "text/html" if isinstance(value, str) else "application/json"
            for name, text in {"content-type": kind, "content-length": str(len(content)), **script.headers}.items():
                self.send_header(name, text)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815 - the names that http.server calls

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    script.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield script
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
