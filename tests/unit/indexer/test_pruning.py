from datetime import datetime, timedelta, timezone
from typing import Any

from indexer.indices import OwnIndex
from indexer.moments import age_s, written
from indexer.pruning import decide, decide_foreign

NOW = datetime(2026, 6, 1, tzinfo=timezone.utc)


def release(day: int) -> str:
    return f"202605{day:02d}000000aaaaaa"


def index(day: int, *, published: bool = True, served: bool = False, silent_s: float = 1e6) -> OwnIndex:
    created = datetime(2026, 5, day, tzinfo=timezone.utc)
    record: dict[str, Any] = {
        "alias": "shop",
        "release": release(day),
        "created": written(created),
        "heartbeat": written(NOW - timedelta(seconds=silent_s)),
    }
    if published:
        record["served"] = written(created)
    return OwnIndex(f"shop-{release(day)}", "shop", release(day), {"sessionrank": record}, served, 1)


def record(day: int, **values: Any) -> dict[str, Any]:
    return {"release": release(day), "alias": "shop", "cluster": "c", "created": "2026-05-01T00:00:00+00:00", **values}


def gone(own: list[OwnIndex], *, keep: int = 1, min_age: float = 600, records: Any = ()) -> tuple[list[str], list[str]]:
    pruning = decide(own, records, alias="shop", cluster="c", keep=keep, min_age=min_age, at=NOW)
    return [index.release for index in pruning.indices], list(pruning.releases)


def test_the_served_release_and_the_one_before_it_stay() -> None:
    own = [index(1), index(2), index(3), index(4, served=True)]
    assert gone(own) == ([release(1), release(2)], [])
    assert gone(own, keep=2) == ([release(1)], [])
    assert gone(own, keep=9) == ([], [])


def test_the_one_before_goes_only_when_asked() -> None:
    assert gone([index(1), index(2, served=True)], keep=0) == ([release(1)], [])


def test_after_a_rollback_the_newer_release_is_kept_to_go_forward_to() -> None:
    own = [index(1), index(2, served=True), index(3), index(4)]
    assert gone(own) == ([release(3)], [])


def test_a_served_release_never_goes_even_when_it_is_not_marked() -> None:
    assert gone([index(1, published=False, served=True)], keep=0, min_age=0) == ([], [])


def test_without_a_served_release_the_newest_stays_whatever_is_asked() -> None:
    assert gone([index(1), index(2)], keep=0) == ([release(1)], [])


def test_what_was_never_published_goes_when_it_gave_no_sign_of_life() -> None:
    own = [index(1, served=True), index(2, published=False, silent_s=700)]
    assert gone(own) == ([release(2)], [])


def test_a_load_that_still_runs_is_left_alone_and_named() -> None:
    own = [index(1, served=True), index(2, published=False, silent_s=20)]
    pruning = decide(own, [record(2)], alias="shop", cluster="c", keep=0, min_age=600, at=NOW)
    assert (pruning.indices, pruning.releases, pruning.running) == ((), (), (release(2),))


def test_keys_go_with_their_index_and_when_it_is_gone() -> None:
    own = [index(1), index(2), index(3, served=True)]
    assert gone(own, records=[record(n) for n in (1, 2, 3, 9)]) == ([release(1)], [release(1), release(9)])


def test_keys_of_another_alias_or_cluster_stay() -> None:
    assert gone([], records=[record(8, alias="other"), record(9, cluster="d")]) == ([], [])


def test_keys_of_a_release_that_has_just_begun_stay() -> None:
    assert gone([], records=[record(9, created=written(NOW - timedelta(seconds=20)))]) == ([], [])


def foreign(day: int, previous: int | None = None, **values: Any) -> dict[str, Any]:
    before = None if previous is None else release(previous)
    created = written(datetime(2026, 5, day, tzinfo=timezone.utc))
    return {
        "release": release(day),
        "foreign": True,
        "index": "products",
        "previous": before,
        "created": created,
        "complete": True,
        "served": created,
        **values,
    }


def foreign_gone(records: list[dict[str, Any]], *, pointer: int, keep: int = 1) -> list[str]:
    pruning = decide_foreign(records, index="products", pointer=release(pointer), keep=keep, min_age=600, at=NOW)
    return list(pruning.releases)


def test_of_foreign_vectors_the_pointed_to_and_those_before_it_stay() -> None:
    records = [foreign(1), foreign(2, 1), foreign(3, 2), foreign(4, 3)]
    assert foreign_gone(records, pointer=4) == [release(1), release(2)]
    assert foreign_gone(records, pointer=4, keep=0) == [release(1), release(2), release(3)]


def test_foreign_vectors_of_a_running_publication_stay_and_those_of_a_dead_one_go() -> None:
    running = foreign(3, 2, complete=False, heartbeat=written(NOW))
    dead = foreign(4, 2, complete=False)
    for publication in (running, dead):
        del publication["served"]
    assert foreign_gone([foreign(2), running, dead, foreign(5, index="other")], pointer=2) == [release(4)]


def test_a_ring_of_previous_releases_does_not_hang() -> None:
    assert foreign_gone([foreign(1, 2), foreign(2, 1)], pointer=2, keep=50) == []


def test_a_moment_that_cannot_be_read_is_as_old_as_can_be() -> None:
    assert age_s("yesterday", NOW) == float("inf")
    assert age_s(None, NOW) == float("inf")
    assert age_s("2026-05-31T23:59:00", NOW) == float("inf")
    assert age_s(written(NOW - timedelta(seconds=5)), NOW) == 5
