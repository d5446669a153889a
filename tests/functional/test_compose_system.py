"""The compose file in the hands of the real compose parser."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PLUGIN = "/usr/libexec/docker/cli-plugins/docker-compose"

pytestmark = pytest.mark.system


def run(command: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/nonexistent", **environment}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=env, check=False)


@pytest.fixture(scope="module")
def parser() -> list[str]:
    """The command of the compose parser, whichever the system has."""
    candidates = [[path] for path in ("docker-compose", PLUGIN) if shutil.which(path)]
    if shutil.which("docker") and run(["docker", "compose", "version"]).returncode == 0:
        candidates.append(["docker", "compose"])
    assert candidates, "no compose parser: apt-get install docker-compose (as .ci/run does)"
    return candidates[0]


def config(parser: list[str], file: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return run([*parser, "--file", str(file), "--profile", "job", "config"], **environment)


def published(document: dict[str, Any]) -> dict[str, list[Any]]:
    return {name: service["ports"] for name, service in document["services"].items() if service.get("ports")}


def test_the_parser_takes_the_compose_file_without_a_complaint(parser: list[str]) -> None:
    answer = config(parser, ROOT / "docker-compose.yml")
    assert (answer.returncode, answer.stderr) == (0, "")
    document = yaml.safe_load(answer.stdout)
    assert set(document["services"]) == {"elasticsearch", "redis", "indexer", "proxy", "nginx"}
    assert set(published(document)) == {"nginx"}
    assert document["services"]["proxy"]["depends_on"]["redis"]["condition"] == "service_healthy"


def test_the_environment_chooses_where_nginx_is_published(parser: list[str]) -> None:
    answer = config(parser, ROOT / "docker-compose.yml", SESSIONRANK_PUBLISH="127.0.0.1:18080")
    assert "18080" in str(published(yaml.safe_load(answer.stdout)))


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("service_healthy", "service_is_fine"),
        ("healthcheck:", "healthchecks:"),
        ("      redis:\n        condition", "      rediss:\n        condition"),
    ],
)
def test_the_parser_refuses_a_broken_compose_file(parser: list[str], tmp_path: Path, good: str, bad: str) -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    assert good in text
    broken = tmp_path / "docker-compose.yml"
    broken.write_text(text.replace(good, bad, 1))
    assert config(parser, broken).returncode != 0
