"""Documents by their id, what the engine tells of an index, and answers that are text."""

from __future__ import annotations

from typing import Any

from library import FAMILY, SOURCE, raw
from transcript import Transcript

__all__ = ["documents"]


def documents(note: Transcript, client: Any, index: str) -> None:
    """Look at the documents of ``index`` and at the index."""
    note("info", client.info)
    note("ping", client.ping)
    _by_id(note, client, index)
    _vectors(note, client, index)
    _of_the_index(note, client, index)
    _text(note, client, index)


def _by_id(note: Transcript, client: Any, index: str) -> None:
    note("get", client.get, index=index, id="85123A")
    note("get part", client.get, index=index, id="85123A", **{SOURCE: "sku,group"})
    note("get missing", client.get, index=index, id="none")
    note("get odd id", client.get, index=index, id="a/b c+d?é%2F#")
    note("get from missing index", client.get, index="no-such-index", id="85123A")
    note("get with parameters", client.get, index=index, id="85123A", realtime=False, preference="_local", version=99)
    note("get source", client.get_source, index=index, id="85123A")
    note("get source missing", client.get_source, index=index, id="none")
    note("exists", client.exists, index=index, id="85123A")
    note("exists missing", client.exists, index=index, id="none")
    note("exists source", client.exists_source, index=index, id="85123A")
    note("exists source missing", client.exists_source, index=index, id="none")
    note("mget", client.mget, index=index, body={"ids": ["85123A", "none"]})
    note("mget documents", client.mget, body={"docs": [
        {"_index": index, "_id": "71053", "_source": ["sku"]}, {"_index": "no-such-index", "_id": "1"},
    ]})  # fmt: skip
    note("mget of nothing", client.mget, index=index, body={"ids": []})


def _vectors(note: Transcript, client: Any, index: str) -> None:
    note("termvectors", client.termvectors, index=index, id="85123A", fields=["name"], term_statistics=True)
    note("termvectors of a text", client.termvectors, index=index, body={"doc": {"name": "red heart"}})
    note("termvectors missing", client.termvectors, index=index, id="none")
    note("mtermvectors", client.mtermvectors, index=index, body={"ids": ["85123A", "none"], "parameters": {}})


def _of_the_index(note: Transcript, client: Any, index: str) -> None:
    indices = client.indices
    note("index exists", indices.exists, index=index)
    note("index exists missing", indices.exists, index="no-such-index")
    note("index get", indices.get, index=index)
    note("index get missing", indices.get, index="no-such-index")
    note("mapping", indices.get_mapping, index=index)
    note("mapping of a field", indices.get_field_mapping, fields="na*", index=index)
    note("settings", indices.get_settings, index=index, flat_settings=True)
    note("setting", indices.get_settings, index=index, name="index.number_of_*")
    note("alias", indices.get_alias, index=index)
    note("alias missing", indices.get_alias, name="no-such-alias")
    if FAMILY != "opensearch":
        note("resolve", indices.resolve_index, name=f"{index[:-3]}*")
    note("cluster health", client.cluster.health, index=index, filter_path=["status", "timed_out", "number_of_nodes"])


def _text(note: Transcript, client: Any, index: str) -> None:
    note("cat count", client.cat.count, index=index, h="count", v=True)
    note("cat indices", client.cat.indices, index=index, h="index,health,docs.count,rep")
    note("cat indices as json", client.cat.indices, index=index, h="index,docs.count", format="json")
    note("cat indices help", client.cat.indices, help=True)
    note("cat aliases", client.cat.aliases, name=f"{index[:4]}*", s="index")
    note("cat health", client.cat.health, h="cluster,status", ts=False)
    note("cat unknown column", client.cat.indices, index="no-such-index")
    note("search as yaml", raw, client, "GET", f"/{index}/_search", params={"format": "yaml", "q": "red", "size": 1})
    note("count as yaml", raw, client, "GET", f"/{index}/_count", params={"format": "yaml"})
    note("search as cbor", raw, client, "GET", f"/{index}/_search",
         params={"format": "cbor", "q": "red", "size": 2, "filter_path": "hits"})  # fmt: skip
