"""Names that loader and proxy share."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from sessionrank import keys
from sessionrank.releases import index_name, is_release, new_release, release_of


def test_a_release_tells_its_time_in_utc_and_is_random() -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=2)))
    names = {new_release(moment) for _ in range(50)}
    assert len(names) == 50
    assert all(name.startswith("20260102010405") and is_release(name) for name in names)


@pytest.mark.parametrize("alias", ["catalog", "shop-de", "a-20250101120000abc123"])
def test_the_release_is_read_from_the_index(alias: str) -> None:
    release = new_release()
    assert release_of(index_name(alias, release)) == release


@pytest.mark.parametrize("index", ["catalog", "logs-2026.01.02", "catalog-20250101", "-20250101120000abc123", ""])
def test_an_index_of_somebody_else_has_no_release(index: str) -> None:
    assert release_of(index) is None


def test_buckets_are_stable_and_in_range() -> None:
    assert keys.bucket("anything", 1) == 0
    assert keys.bucket("22384", 256) == 86
    assert {keys.bucket(str(i), 4) for i in range(100)} == {0, 1, 2, 3}


def test_the_digest_depends_on_key_and_id_and_hides_both() -> None:
    digest = keys.session_digest(b"k" * 32, "visitor-1")
    assert len(digest) == 32
    assert int(digest, 16)
    assert digest == keys.session_digest(b"k" * 32, "visitor-1")
    assert digest != keys.session_digest(b"K" * 32, "visitor-1")
    assert digest != keys.session_digest(b"k" * 32, "visitor-2")
    assert len(keys.session_digest(b"k" * 1000, "x")) == 32
