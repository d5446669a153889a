"""The yardstick for a personalised search: a Flask view with the happy path only, as one would write it in an hour.

No failure is handled, no setting read, nothing of a request or an answer respected beyond what one query needs. The
vector of a session stands ready under ``bench:<session id>``.
"""

import os

import msgspec
import numpy as np
import redis
import urllib3
from flask import Flask, Response, request

app = Flask(__name__)
engine = urllib3.connection_from_url(os.environ["SESSIONRANK_UPSTREAM"], maxsize=16)
store = redis.Redis.from_url(os.environ["SESSIONRANK_REDIS_URL"])
SCRIPT = {"source": "_score * (1 + Math.log(1 + doc['popularity'].value))"}
JSON = {"Content-Type": "application/json"}


@app.get("/")
def alive() -> str:
    return "yes"


@app.post("/<index>/_search")
def search(index: str) -> Response:
    body = msgspec.json.decode(request.get_data())
    start, size = body.get("from", 0), body.get("size", 10)
    body |= {"query": {"script_score": {"query": body["query"], "script": SCRIPT}}, "from": 0, "size": 100}
    answer = engine.request("POST", f"/{index}/_search", body=msgspec.json.encode(body), headers=JSON)
    found = msgspec.json.decode(answer.data)
    hits = found["hits"]["hits"]
    release = hits[0]["_index"].removeprefix(f"{index}-")
    with store.pipeline(transaction=False) as pipeline:
        pipeline.get(f"bench:{request.headers['X-Session-Id']}")
        pipeline.hmget(f"sr:v:{{{release}:0}}", [hit["_id"] for hit in hits])
        session, blobs = pipeline.execute()
    vector = np.frombuffer(session, "<f4")
    known = np.array([i for i, blob in enumerate(blobs) if blob])
    matrix = np.frombuffer(b"".join(filter(None, blobs)), "<f4").reshape(known.size, vector.size)
    order = np.arange(len(hits))
    order[known] = known[np.argsort(-(matrix @ vector), kind="stable")]
    found["hits"]["hits"] = [hits[i] for i in order[start : start + size]]
    return Response(msgspec.json.encode(found), mimetype="application/json")
