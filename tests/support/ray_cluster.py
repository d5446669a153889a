"""A real Ray cluster of two nodes on 127.0.0.1: run as a program, it prints its address and lives until its input ends.

A program of its own, because Ray is imported with an environment that must not reach the tests.
"""

from __future__ import annotations

import os
import sys
import tempfile
from typing import Any


def main(folder: str) -> None:
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ["RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO"] = "0"
    # Else Ray listens on all interfaces, whatever it is told.
    os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
    # Sockets, logs, and the note of which cluster is the current one: all would go to /tmp/ray.
    os.environ["RAY_TMPDIR"] = folder
    from ray.cluster_utils import Cluster

    node: Any = {"num_cpus": 1, "object_store_memory": 100 << 20, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=node)
    try:
        cluster.add_node(**node)
        print(cluster.address, flush=True)
        sys.stdin.read()
    finally:
        cluster.shutdown()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    # Not under a test's own folder: the paths of Unix sockets are short.
    with tempfile.TemporaryDirectory(prefix="srt-nodes-", dir="/tmp", ignore_cleanup_errors=True) as made:
        main(made)
