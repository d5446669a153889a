"""Write ``docs/compatibility.md``: what was compared, and what came out, by request and engine.

    python -m tests.conformance.report [FILE]

runs the whole catalogue. With ``SESSIONRANK_CONFORMANCE_URL`` it is run against that cluster instead; name a FILE then.
"""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

from stack.engines import ENGINES
from tests.support.stack import Servers

from .catalogue.registry import CATALOGUE
from .results import OWN_URL, Results, engine_names

__all__ = ["COMMITTED", "table"]

COMMITTED = Path(__file__).parents[2] / "docs" / "compatibility.md"

_HEAD = Path(__file__).with_name("compatibility_head.md")


def table(results: Results) -> str:
    """The document, from a run of the whole catalogue."""
    engines = engine_names()
    titles = {name: _title(name) for name in engines}
    count = sum(len(rows) for rows in CATALOGUE.values())
    modes = ", ".join(f"`{results.mode(name)}` for {title}" for name, title in titles.items())
    parts = [_HEAD.read_text(encoding="utf-8").format(count=count, engines=", ".join(titles.values()), modes=modes)]
    outcomes = {
        (name, group, row.name): results.outcome(name, group, row).word
        for name in engines
        for group, rows in CATALOGUE.items()
        for row in rows
    }
    parts.append("\n## Summary\n\n" + _summary(outcomes, titles))
    for group, rows in CATALOGUE.items():
        lines = [_line(_shown(row.name), *(outcomes[name, group, row.name] for name in engines)) for row in rows]
        parts.append(f"\n## {group}\n\n" + _header("request", titles) + "".join(lines))
    return "".join(parts)


def _summary(outcomes: dict[tuple[str, str, str], str], titles: dict[str, str]) -> str:
    counts = {name: Counter(word for (engine, _, _), word in outcomes.items() if engine == name) for name in titles}
    words = sorted(set(outcomes.values()), key=lambda word: (-sum(count[word] for count in counts.values()), word))
    return _header("outcome", titles) + "".join(_line(word, *(str(counts[n][word]) for n in titles)) for word in words)


def _header(first: str, titles: dict[str, str]) -> str:
    return _line(first, *titles.values()) + "|---" * (len(titles) + 1) + "|\n"


def _line(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |\n"


def _shown(name: str) -> str:
    return name.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")


def _title(name: str) -> str:
    if name not in ENGINES:
        return name
    engine = ENGINES[name]
    return f"{'OpenSearch' if engine.flavour == 'opensearch' else 'Elasticsearch'} {engine.version}"


def main() -> None:
    """Run the catalogue and write the table; what differs goes to standard error, and makes the exit code 1."""
    if OWN_URL and len(sys.argv) < 2:
        raise SystemExit("name a file for the table of your own cluster: python -m tests.conformance.report FILE")
    with ExitStack() as exits:
        servers = Servers(exits)
        results = Results(servers.engine, lambda: servers.stack().redis_url, exits)
        text = table(results)
        problems = [results.problems(engine, group) for engine in engine_names() for group in CATALOGUE]
    Path(sys.argv[1] if len(sys.argv) > 1 else COMMITTED).write_text(text, encoding="utf-8")
    if any(problems):
        print("\n".join(filter(None, problems)), file=sys.stderr)
        raise SystemExit(1)


if __name__ == "__main__":
    main()
