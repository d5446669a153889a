"""The yardstick for a request that is passed through: a Flask view that forwards it with urllib3."""

import os

import urllib3
from flask import Flask, Response, request

app = Flask(__name__)
engine = urllib3.connection_from_url(os.environ["SESSIONRANK_UPSTREAM"], maxsize=16)
DROPPED = {"connection", "keep-alive", "transfer-encoding", "te", "upgrade", "host", "content-length"}


@app.route("/", defaults={"path": ""}, methods=["GET", "POST"])
@app.route("/<path:path>", methods=["GET", "POST"])
def forward(path: str) -> Response:
    query = request.query_string.decode()
    answer = engine.request(
        request.method,
        f"/{path}?{query}" if query else f"/{path}",
        body=request.get_data(),
        headers={name: value for name, value in request.headers if name.lower() not in DROPPED},
        redirect=False,
        decode_content=False,
    )
    headers = [(name, value) for name, value in answer.headers.items() if name.lower() not in DROPPED]
    return Response(answer.data, answer.status, headers)
