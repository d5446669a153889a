"""Calls that change the engine, or tell more of it than a search client needs."""

from __future__ import annotations

from typing import Any

from library import FAMILY, connect, helpers, raw
from transcript import Transcript

__all__ = ["writing"]


def writing(note: Transcript, given: dict[str, Any]) -> None:
    """Make an index whose name begins with ``given["run"]``, change it in all ways, and delete it."""
    client, index = connect(given["url"]), given["run"]
    mapping = {
        "settings": {"number_of_replicas": 0},
        "mappings": {"properties": {"n": {"type": "integer"}, "word": {"type": "keyword"}}},
    }
    note("create index", client.indices.create, index=index, body=mapping)
    note("create index again", client.indices.create, index=index, body=mapping)
    _documents(note, client, index)
    _helpers(note, client, index, given)
    _by_query(note, client, index)
    _settings(note, client, index)
    note("delete index", client.indices.delete, index=f"{index},{index}-copy", ignore_unavailable=True)
    note("delete index again", client.indices.delete, index=index)


def _documents(note: Transcript, client: Any, index: str) -> None:
    note("index", client.index, index=index, id="1", body={"n": 1, "word": "one"}, refresh=True)
    note("index odd id", client.index, index=index, id="a/b c+d%é", body={"n": 2}, routing="r")
    note("index bad", client.index, index=index, id="2", body={"n": "no number"})
    note("create", client.create, index=index, id="3", body={"n": 3})
    note("create again", client.create, index=index, id="3", body={"n": 3})
    note("update", client.update, index=index, id="3", body={"doc": {"word": "three"}})
    note("update missing", client.update, index=index, id="none", body={"doc": {}})
    note("delete", client.delete, index=index, id="3", refresh="true")
    note("delete missing", client.delete, index=index, id="none")
    lines = [{"index": {"_id": "4"}}, {"n": 4}, {"create": {"_id": "4"}}, {"n": 5}, {"delete": {"_id": "none"}}]
    note("bulk", client.bulk, index=index, body=lines)


def _helpers(note: Transcript, client: Any, index: str, given: dict[str, Any]) -> None:
    url, source = given["url"], given["index"]
    actions = [{"_index": index, "_id": f"h{number}", "n": number, "word": "many"} for number in range(300)]
    note("helper bulk", helpers.bulk, client, actions, chunk_size=100, refresh=True)
    note("helper bulk, compressed", helpers.bulk, connect(url, http_compress=True), actions, chunk_size=250)
    bad = [*actions[:3], {"_index": index, "_id": "bad", "n": "no number"}]
    note("helper bulk with errors", helpers.bulk, client, bad, raise_on_error=False)
    note("helper bulk that raises", helpers.bulk, client, bad, max_retries=2, initial_backoff=0)
    note("helper stream", lambda: list(helpers.streaming_bulk(client, bad, raise_on_error=False, max_retries=1)))
    note("helper parallel", lambda: len(list(helpers.parallel_bulk(client, actions, thread_count=2, chunk_size=100))))
    note("refresh", client.indices.refresh, index=index)
    some = {"query": {"match": {"name": "red"}}}
    note("helper reindex", helpers.reindex, client, source, f"{index}-copy", query=some)
    note("count after", client.indices.stats, index=index, metric="docs", filter_path="_all.primaries.docs.count")


def _by_query(note: Transcript, client: Any, index: str) -> None:
    many = {"query": {"range": {"n": {"gte": 290}}}}
    note("update by query", client.update_by_query, index=index, body=many, refresh=True)
    note("delete by query", client.delete_by_query, index=index, body=many, refresh=True)


def _settings(note: Transcript, client: Any, index: str) -> None:
    note("put mapping", client.indices.put_mapping, index=index, body={"properties": {"m": {"type": "keyword"}}})
    note("put settings", client.indices.put_settings, index=index, body={"index": {"number_of_replicas": 0}})
    note("put alias", client.indices.put_alias, index=index, name=f"{index}-alias")
    note("flush", client.indices.flush, index=index, filter_path="_shards.failed")
    script = {"script": {"lang": "painless", "source": "1"}}
    note("put script", client.put_script, id=f"{index}-script", body=script)
    note("delete script", client.delete_script, id=f"{index}-script")
    note("cluster stats", client.cluster.stats, filter_path="cluster_name")
    note("cat nodes", client.cat.nodes, h="name")
    note("unknown method", raw, client, "PATCH", f"/{index}")
    if FAMILY != "old":
        note("run script", raw, client, "POST", "/_scripts/painless/_execute", body={"script": {"source": "1 + 1"}})
