import pytest

from indexer import indices
from indexer.publish import publish, rollback, target_of_rollback
from sessionrank.errors import BackendError, ConfigurationError
from tests.support.fake_engine import FakeEngine

A, B, C = "20260101000000aaaaaa", "20260102000000bbbbbb", "20260103000000cccccc"


def three_releases(*, published: str = "AB", dimensions: int | None = None) -> FakeEngine:
    """A, B and C, of which C is served."""
    engine = FakeEngine()
    for letter, release in (("A", A), ("B", B), ("C", C)):
        record = {"alias": "shop", "release": release, "created": release, "dimensions": dimensions}
        if letter in published:
            record["served"] = "x"
        engine.add(f"shop-{release}", meta={"sessionrank": record}, aliases=["shop"] if letter == "C" else [])
    return engine


def back(engine: FakeEngine, to: str | None = None) -> dict[str, str]:
    return rollback(engine, "memory://", "shop", to=to)


def test_a_rollback_goes_to_the_last_published_release_before_the_served_one() -> None:
    engine = three_releases()
    assert back(engine)["to"] == B
    assert engine.serving("shop") == [f"shop-{B}"]


def test_a_second_rollback_goes_further_back_and_not_forward() -> None:
    engine = three_releases()
    back(engine)
    assert back(engine)["to"] == A
    with pytest.raises(ConfigurationError, match=f"no release of shop before {A}"):
        back(engine)


def test_a_rollback_can_go_forward_again_when_told() -> None:
    engine = three_releases()
    back(engine)
    assert back(engine, to=C) == {"alias": "shop", "from": B, "to": C, "index": f"shop-{C}"}


def test_what_was_never_published_is_passed_over_and_refused() -> None:
    engine = three_releases(published="A")
    with pytest.raises(ConfigurationError, match=f"release {B} was never published"):
        back(engine, to=B)
    assert back(engine)["to"] == A


@pytest.mark.parametrize(
    ("to", "word"), [(C, "is the one that is served"), ("20990101000000zzzzzz", "there is no release")]
)
def test_a_release_that_cannot_be_gone_back_to_is_refused(to: str, word: str) -> None:
    with pytest.raises(ConfigurationError, match=word):
        back(three_releases(), to=to)


def test_without_a_served_release_there_is_nothing_to_go_back_from() -> None:
    with pytest.raises(ConfigurationError, match="no release of ours is served as shop"):
        target_of_rollback([], "shop", None)


def test_a_release_with_vectors_needs_a_store_that_has_them() -> None:
    engine = three_releases(dimensions=8)
    with pytest.raises(ConfigurationError, match="memory://"):
        back(engine)
    assert engine.serving("shop") == [f"shop-{C}"]


def test_a_release_that_another_load_published_in_between_does_not_stay_on_the_alias() -> None:
    engine = three_releases()

    def other_load(_method: str, path: str) -> None:
        if path == "/_aliases":
            engine.indices[f"shop-{C}"]["aliases"].discard("shop")
            engine.indices[f"shop-{A}"]["aliases"].add("shop")

    engine.trouble = other_load
    publish(engine, "shop", B)
    assert engine.serving("shop") == [f"shop-{B}"]


def test_the_outgoing_release_is_marked_before_the_swap_and_the_new_one_after_it() -> None:
    engine = three_releases(published="")
    publish(engine, "shop", B)
    marked = [index.release for index in indices.own_indices(engine, "shop") if "served" in index.meta]
    assert marked == [B, C]
    order = [path for method, path in engine.asked if method != "GET"]
    assert order == [f"/shop-{C}/_mapping", "/_aliases", f"/shop-{B}/_mapping"]


def test_a_refused_alias_update_is_an_error() -> None:
    engine = three_releases()

    def refuse(_method: str, path: str) -> None:
        if path == "/_aliases":
            raise BackendError("no")

    engine.trouble = refuse
    with pytest.raises(BackendError):
        publish(engine, "shop", B)
    assert engine.serving("shop") == [f"shop-{C}"]
