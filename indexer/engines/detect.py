"""Which engine answers: asked with a plain HTTP transport, before a client is chosen.

``GET /`` tells it, where the engine has that route and the user may use it; else the local node's version together with
the product header that Elasticsearch sends since 7.14.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from elastic_transport import ConnectionTimeout, NodeConfig, SerializationError, Transport, TransportError
from elastic_transport.client_utils import url_to_node_config

from sessionrank.addresses import shown_all
from sessionrank.errors import BackendError, BackendUnreachable
from sessionrank.upstream import NOBODY, UpstreamAccess

from .base import EngineInfo

__all__ = ["detect", "identify"]

#: Seconds for one node to answer; it is a small question, and the user waits at the prompt.
TIMEOUT_S = 5.0
_NODES = "/_nodes/_local?filter_path=nodes.*.version"


def detect(urls: Sequence[str], access: UpstreamAccess = NOBODY) -> EngineInfo:
    """Ask the cluster behind ``urls`` what it is.

    Raises:
        BackendUnreachable: no node answers.
        BackendError: what answers is no search engine, or refuses the credentials.
    """
    where = shown_all(urls)
    transport = Transport([_node(url, access) for url in urls], max_retries=len(urls) - 1, retry_on_timeout=True)
    try:
        status, headers, root = _get(transport, "/")
        if status == 401:
            raise BackendError(f"{where} refuses the credentials in SESSIONRANK_UPSTREAM, or asks for some (401)")
        info = identify(root if status == 200 else None, None, headers)
        if info is None or not info.version:
            node_status, headers, nodes = _get(transport, _NODES)
            info = identify(None, nodes if node_status == 200 else None, headers)
    except SerializationError as error:
        raise BackendError(f"{where} answers, but not as a search engine does; check SESSIONRANK_UPSTREAM") from error
    except TransportError as error:
        kind = "no answer in time" if isinstance(error, ConnectionTimeout) else "no connection"
        raise BackendUnreachable(
            f"no search engine at {where} ({kind}); start it (`sessionrank stack up`) or set SESSIONRANK_UPSTREAM"
        ) from error
    finally:
        transport.close()
    if info is None:
        raise BackendError(f"{where} answers, but not as a search engine does; check SESSIONRANK_UPSTREAM")
    return info


def identify(root: Any, nodes: Any, headers: Mapping[str, str]) -> EngineInfo | None:
    """Product and version from the answer to ``GET /`` or the nodes' versions, with the headers that came along.

    The version is empty when only the headers told the product. None when nothing looks like a search engine.
    """
    version = root.get("version") if isinstance(root, dict) else None
    if isinstance(version, dict) and isinstance(version.get("number"), str):
        product = "opensearch" if version.get("distribution") == "opensearch" else "elasticsearch"
        return EngineInfo(product, version["number"])
    header = {name.lower(): value for name, value in headers.items()}.get("x-elastic-product", "")
    number = _node_version(nodes)
    if header.lower() == "elasticsearch":
        return EngineInfo("elasticsearch", number)
    if number:
        # OpenSearch began again at 1; Elasticsearch without the product header is older than 7.14.
        return EngineInfo("opensearch" if int(number.split(".")[0]) < 5 else "elasticsearch", number)
    return None


def _node_version(nodes: Any) -> str:
    found = nodes.get("nodes") if isinstance(nodes, dict) else None
    for node in found.values() if isinstance(found, dict) else ():
        number = node.get("version") if isinstance(node, dict) else None
        if isinstance(number, str) and re.match(r"\d+\.", number):
            return number
    return ""


def _node(url: str, access: UpstreamAccess) -> NodeConfig:
    node = replace(url_to_node_config(url, use_default_ports_for_scheme=True), request_timeout=TIMEOUT_S)
    if access.authorization:
        node = replace(node, headers={**node.headers, "authorization": access.authorization})
    return replace(node, ssl_context=access.tls()) if node.scheme == "https" else node


def _get(transport: Transport, target: str) -> tuple[int, Mapping[str, str], Any]:
    answer = transport.perform_request("GET", target, headers={"accept": "application/json"})
    return answer.meta.status, dict(answer.meta.headers), answer.body
