"""What the compose file promises, read as YAML; the real parser looks at it in tests/functional."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from proxy.settings import ProxySettings
from sessionrank.settings import PREFIX, variable_name

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
JOBS = {"indexer"}


def dockerfile(service: dict[str, Any]) -> str:
    return (ROOT / service["build"]["dockerfile"]).read_text()


def test_the_services_are_those_of_the_design() -> None:
    assert set(SERVICES) == {"elasticsearch", "redis", "indexer", "proxy", "nginx"}


def test_nothing_but_nginx_is_published_and_that_on_loopback() -> None:
    assert {name: s["ports"] for name, s in SERVICES.items() if "ports" in s} == {
        "nginx": ["${SESSIONRANK_PUBLISH:-127.0.0.1:8080}:8080"]
    }
    assert all("network_mode" not in s and "privileged" not in s for s in SERVICES.values())


def test_nginx_reaches_the_proxy_but_neither_engine_nor_store() -> None:
    networks = {name: set(s["networks"]) for name, s in SERVICES.items()}
    assert networks["proxy"] == {"front", "back"}
    assert networks["nginx"] == {"front"}
    assert networks["elasticsearch"] == networks["redis"] == networks["indexer"] == {"back"}
    assert COMPOSE["networks"]["back"]["internal"] is True


@pytest.mark.parametrize("name", sorted(set(SERVICES) - JOBS))
def test_every_service_that_stays_has_a_health_check(name: str) -> None:
    service = SERVICES[name]
    assert "healthcheck" in service or re.search(r"^HEALTHCHECK .*\\$", dockerfile(service), re.MULTILINE)


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_who_depends_on_a_service_waits_for_its_health(name: str) -> None:
    for needed, how in SERVICES[name].get("depends_on", {}).items():
        assert how == {"condition": "service_healthy"}
        assert needed not in JOBS


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_memory_is_bounded_and_images_have_a_version(name: str) -> None:
    service = SERVICES[name]
    assert service["mem_limit"]
    image = service.get("image") or re.findall(r"^FROM (\S+)", dockerfile(service), re.MULTILINE)[-1]
    tag = re.sub(r"\$\{\w+:-(.*)\}", r"\1", image).rpartition(":")[2]
    assert re.match(r"\d+\.\d+", tag), f"{image} has no pinned version"


# The indexer measures a release through the proxy's pipeline.
@pytest.mark.parametrize(("name", "extras"), [("proxy", "proxy"), ("indexer", "indexer,proxy")])
def test_our_images_run_unprivileged_with_only_what_they_need(name: str, extras: str) -> None:
    text = dockerfile(SERVICES[name])
    last_stage = text[text.rindex("FROM ") :]
    assert re.search(r"^USER 10001$", last_stage, re.MULTILINE)
    assert re.findall(r"'\.\[(.*)\]'", text) == [extras]


def test_no_foreign_image_runs_as_root() -> None:
    assert SERVICES["redis"]["user"] == "redis"
    assert "unprivileged" in SERVICES["nginx"]["image"]
    # Elasticsearch's image has its own user and refuses to run as root.


def test_what_faces_the_network_cannot_write_or_gain_rights() -> None:
    for name in ("proxy", "nginx", "indexer", "redis"):
        assert SERVICES[name]["read_only"] is True
        assert SERVICES[name]["cap_drop"] == ["ALL"]
        assert SERVICES[name]["security_opt"] == ["no-new-privileges:true"]


def test_redis_drops_sessions_and_never_vectors_and_survives_a_restart() -> None:
    command = SERVICES["redis"]["command"]
    options = dict(zip(command[1::2], command[2::2], strict=True))
    assert options["--maxmemory-policy"] == "volatile-ttl"
    assert options["--appendonly"] == "yes"


def test_secrets_come_from_files_and_never_from_the_environment() -> None:
    assert SERVICES["proxy"]["secrets"] == ["hash_key"]
    assert SERVICES["proxy"]["environment"]["SESSIONRANK_HASH_KEY_FILE"] == "/run/secrets/hash_key"
    assert list(COMPOSE["secrets"]["hash_key"]) == ["file"]
    for service in SERVICES.values():
        assert not [key for key in service.get("environment", {}) if re.search("PASS|TOKEN|SECRET", key)]


def test_every_setting_in_the_compose_file_is_a_setting_of_the_proxy() -> None:
    known = {variable_name(field) for field in ProxySettings.__dataclass_fields__}
    used = {key for s in SERVICES.values() for key in s.get("environment", {}) if key.startswith(PREFIX)}
    assert used <= known


def test_nginx_takes_bodies_as_large_as_the_proxy_does() -> None:
    text = (ROOT / "nginx" / "nginx.conf").read_text()
    megabytes = re.search(r"^    client_max_body_size (\d+)m;", text, re.MULTILINE)
    assert megabytes
    assert int(megabytes[1]) * 1024 * 1024 == ProxySettings().max_body_bytes


def test_nginx_waits_longer_than_the_proxy_waits_for_the_engine() -> None:
    text = (ROOT / "nginx" / "nginx.conf").read_text()
    seconds = re.search(r"proxy_read_timeout (\d+)s;", text)
    assert seconds
    assert int(seconds[1]) > ProxySettings().engine_timeout_s
