import pytest

from indexer import indices
from indexer.engines.base import EngineRefusal
from sessionrank.errors import BackendError, ConfigurationError
from tests.support.fake_engine import FakeEngine

OLD = "20260101000000aaaaaa"
NEW = "20260202000000bbbbbb"


def own_meta(release: str, alias: str = "shop", created: str = "2026-01-01T00:00:00.000000+00:00") -> dict[str, object]:
    return {"sessionrank": {"alias": alias, "release": release, "created": created}}


@pytest.mark.parametrize("alias", ["catalog", "shop-2", "a.b", "x_y", "café"])
def test_names_that_an_index_can_have_are_taken(alias: str) -> None:
    indices.check_alias(alias)


@pytest.mark.parametrize(
    "alias",
    ["", ".", "..", "_all", "-x", "+x", ".x", "A", "a,b", "a*", "a b", "a/b", "a#", "a:b", "a%", "x\n", "x" * 201],
)
def test_names_that_no_index_can_have_are_refused(alias: str) -> None:
    with pytest.raises(ConfigurationError):
        indices.check_alias(alias)


def test_a_foreign_index_may_begin_with_a_dot_as_those_of_data_streams_do() -> None:
    indices.check_alias(".ds-products-000001", foreign=True)


def test_only_what_name_and_meta_say_is_ours() -> None:
    engine = FakeEngine()
    engine.add(f"shop-{NEW}", meta=own_meta(NEW, created="2026-02-02"), aliases=["shop"], documents=3)
    engine.add(f"shop-{OLD}", meta=own_meta(OLD))
    engine.add("shop-20260303000000cccccc")
    engine.add("shop-20260303000000dddddd", meta=own_meta(OLD))
    engine.add("shop-20260303000000eeeeee", meta=own_meta("20260303000000eeeeee", alias="other"))
    engine.add("shop-20260303000000ffffff", meta={"sessionrank": "x"})
    engine.add("shop-archive", meta=own_meta(OLD))
    engine.add(f"shop-eu-{OLD}", meta=own_meta(OLD, alias="shop-eu"))
    own = indices.own_indices(engine, "shop")
    assert [(index.release, index.served, index.documents) for index in own] == [(OLD, False, 0), (NEW, True, 3)]


@pytest.mark.parametrize("name", ["theirs", "theirs-v1", f"theirs-{OLD}", "copy"])
def test_vectors_may_be_published_for_what_somebody_else_loaded(name: str) -> None:
    engine = FakeEngine()
    engine.add("theirs-v1", aliases=["theirs"], meta={"owner": "them"})
    engine.add(f"theirs-{OLD}")
    engine.add("copy", meta=own_meta(OLD))
    indices.check_foreign(engine, name)


@pytest.mark.parametrize("name", ["shop", f"shop-{OLD}", "mixed"])
def test_vectors_for_an_index_of_ours_are_for_load_to_publish(name: str) -> None:
    engine = FakeEngine()
    engine.add(f"shop-{OLD}", meta=own_meta(OLD), aliases=["shop", "mixed"])
    engine.add("theirs", aliases=["mixed"])
    with pytest.raises(ConfigurationError, match=f"{name} was loaded by sessionrank .* `sessionrank index load"):
        indices.check_foreign(engine, name)


def test_vectors_for_an_index_that_is_not_there_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="the search engine has no index or alias nothing"):
        indices.check_foreign(FakeEngine(), "nothing")


def test_an_index_where_the_alias_should_be_is_refused() -> None:
    engine = FakeEngine()
    engine.add("shop")
    with pytest.raises(ConfigurationError, match="shop is an index itself, not an alias; it is left alone"):
        indices.check_served_by_us(engine, "shop")


@pytest.mark.parametrize("name", ["products-v1", "shop-archive", f"other-{OLD}"])
def test_an_alias_on_an_index_that_is_not_ours_is_refused(name: str) -> None:
    engine = FakeEngine()
    engine.add(name, aliases=["shop"])
    with pytest.raises(ConfigurationError, match=f"points to {name}, which sessionrank did not load"):
        indices.check_served_by_us(engine, "shop")


def test_an_alias_on_two_releases_is_refused() -> None:
    engine = FakeEngine()
    for release in (OLD, NEW):
        engine.add(f"shop-{release}", meta=own_meta(release), aliases=["shop"])
    with pytest.raises(BackendError, match="points to several indices"):
        indices.check_served_by_us(engine, "shop")


def test_an_alias_that_is_not_there_is_served_by_nothing() -> None:
    assert indices.check_served_by_us(FakeEngine(), "shop") is None


def test_a_swap_is_one_call_that_leaves_the_alias_on_one_index() -> None:
    engine = FakeEngine()
    for release in (OLD, NEW):
        engine.add(f"shop-{release}", meta=own_meta(release), aliases=["shop"] if release == OLD else [])
    indices.swap(engine, "shop", f"shop-{NEW}")
    assert engine.asked == [("POST", "/_aliases")]
    assert engine.serving("shop") == [f"shop-{NEW}"]


def test_a_served_index_is_not_deleted_and_one_that_is_gone_is_no_error() -> None:
    engine = FakeEngine()
    engine.add(f"shop-{OLD}", meta=own_meta(OLD), aliases=["shop"])
    engine.add(f"shop-{NEW}", meta=own_meta(NEW))
    served, other = indices.own_indices(engine, "shop")
    with pytest.raises(BackendError, match="is served"):
        indices.delete(engine, served)
    indices.delete(engine, other)
    indices.delete(engine, other)
    assert list(engine.indices) == [f"shop-{OLD}"]


def test_waiting_too_short_gives_the_health_that_there_is() -> None:
    class Slow(FakeEngine):
        def request(self, method: str, target: str, body: object = None) -> object:
            if "wait_for_status" in target:
                raise EngineRefusal(408, "timed out")
            return {"status": "yellow"}

    assert indices.wait_for_copies(Slow(), "x", seconds=0) == "yellow"


def test_a_missing_primary_is_an_error() -> None:
    class Red(FakeEngine):
        def request(self, method: str, target: str, body: object = None) -> object:
            return {"status": "red"}

    with pytest.raises(BackendError, match="primary shard of x is not assigned"):
        indices.wait_for_copies(Red(), "x", seconds=0)


def test_a_count_without_all_shards_is_an_error() -> None:
    class Partial(FakeEngine):
        def request(self, method: str, target: str, body: object = None) -> object:
            return {"count": 3, "_shards": {"total": 2, "successful": 1, "failed": 0}}

    with pytest.raises(BackendError, match="not every shard"):
        indices.count(Partial(), "x")
