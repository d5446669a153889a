"""Clients that ask a node for the addresses of all."""

from __future__ import annotations

from typing import Any

from library import FAMILY, connect, installed
from transcript import Transcript

__all__ = ["sniffing"]

_DOWN = "http://127.0.0.1:1"


def sniffing(note: Transcript, given: dict[str, Any]) -> None:
    """Sniff at the start, after a failure, and by hand; then ask as ever."""
    url, index = given["url"], given["index"]
    note("sniff on start", lambda: _nodes(connect(url, sniff_on_start=True)))
    client = connect(url)
    before = note.connects
    for number in range(3):
        note(f"nodes {number}", client.nodes.info, metric="http", filter_path="nodes.*.http.publish_address")
    note("search between", client.search, index=index, q="heart", size=1)
    note("nodes of all", client.nodes.info)
    note("sniff connections", lambda: note.connects - before)
    asking = (
        {"sniff_before_requests": True, "min_delay_between_sniffing": 0.001}
        if FAMILY == "new"
        else {"sniffer_timeout": 0.001}
    )
    client = connect(url, **asking)
    note("sniff while asking", lambda: [client.count(index=index)["count"] for _ in range(2)])
    kind = installed.OpenSearch if FAMILY == "opensearch" else installed.Elasticsearch
    failing = {"sniff_on_node_failure" if FAMILY == "new" else "sniff_on_connection_fail": True}
    for number in range(2):  # which node comes first is a matter of chance
        failing_client = kind([_DOWN, url], max_retries=3, **failing)
        note(f"sniff on failure {number}", lambda c=failing_client: [c.count(index=index)["count"] for _ in range(3)])


def _nodes(client: Any) -> list[str]:
    """Where the client goes from now on."""
    if FAMILY == "new":
        return sorted(node.base_url for node in client.transport.node_pool.all())
    return sorted(connection.host for connection in client.transport.connection_pool.connections)
