"""The documents say what the programs have: every setting, every command, and files that exist."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import re
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from proxy.reasons import FAILURES, REASONS, REFUSALS
from sessionrank.cli import cli
from sessionrank.settings import variable_name

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
PROGRAMS = ("sessionrank", "proxy", "indexer", "models", "stack", "demo")


def setting_fields() -> dict[str, dataclasses.Field[Any]]:
    """Every setting of every program, by its variable; the first program's default counts."""
    found: dict[str, dataclasses.Field[Any]] = {}
    for program in PROGRAMS:
        if not (ROOT / program / "settings.py").exists():
            continue
        module = importlib.import_module(f"{program}.settings")
        for thing in vars(module).values():
            if isinstance(thing, type) and dataclasses.is_dataclass(thing):
                for field in dataclasses.fields(thing):
                    if "doc" in field.metadata:
                        found.setdefault(variable_name(field.name), field)
    return found


SETTINGS = setting_fields()


def shown(default: Any) -> str:
    """A default as the table shows it."""
    if isinstance(default, tuple):
        default = ",".join(default)
    if isinstance(default, bool):
        default = str(default).lower()
    if isinstance(default, float):
        default = f"{default:g}"
    return f"`{default}`" if default != "" else "none"


def documented() -> dict[str, tuple[str, str]]:
    """Rows of the tables in docs/configuration.md: variable → (default, meaning)."""
    text = (ROOT / "docs" / "configuration.md").read_text()
    rows = re.findall(r"^\| `(SESSIONRANK_\w+)` \| (.*?) \| (.*) \|$", text, re.MULTILINE)
    assert len(rows) == len({name for name, _, _ in rows}), "a setting stands twice"
    return {name: (default, meaning) for name, default, meaning in rows}


def commands(command: click.Command, path: tuple[str, ...] = ("sessionrank",)) -> Iterator[tuple[str, ...]]:
    """Every command that does something, by its words."""
    if not isinstance(command, click.Group):
        yield path
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        member = command.get_command(context, name)
        assert member is not None
        yield from commands(member, (*path, name))


def test_there_are_settings_to_document() -> None:
    assert {"SESSIONRANK_UPSTREAM", "SESSIONRANK_WINDOW", "SESSIONRANK_CACHE_DIR"} <= set(SETTINGS)


@pytest.mark.parametrize("name", sorted(SETTINGS))
def test_every_setting_is_documented_with_its_default(name: str) -> None:
    assert name in documented(), f"add a row for {name} to docs/configuration.md"
    default, meaning = documented()[name]
    assert default == shown(SETTINGS[name].default)
    assert len(meaning.split()) >= 3


def test_every_documented_setting_exists() -> None:
    assert set(documented()) - set(SETTINGS) == set()


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_variable_named_in_the_code_is_documented(program: str) -> None:
    text = (ROOT / "docs" / "configuration.md").read_text()
    named = {
        name
        for file in (ROOT / program).rglob("*.py")
        for name in re.findall(r"SESSIONRANK_[A-Z0-9_]*[A-Z0-9]", file.read_text())
    }
    assert sorted(name for name in named if f"`{name}`" not in text) == []


def test_every_command_is_documented() -> None:
    text = (ROOT / "docs" / "commands.md").read_text()
    assert [words for words in map(" ".join, commands(cli)) if f"`{words}" not in text] == []


def test_every_documented_command_exists() -> None:
    """Whatever stands in a code block or between back-ticks after ``sessionrank`` must be a command."""
    known = set(commands(cli))
    groups = {path[:length] for path in known for length in range(1, len(path))}
    for document in DOCUMENTS:
        for mention in re.findall(r"(?:^\$ |`)sessionrank((?: [a-z]+)*)", document.read_text(), re.MULTILINE):
            words = ("sessionrank", *mention.split())
            sound = words in groups or any(words[:length] in known for length in range(2, len(words) + 1))
            assert sound, f"{document.name}: no command `{' '.join(words)}`"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda d: d.name)
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\((?!https?:|#)([^)#\s]+)", document.read_text()):
        assert (document.parent / target).exists(), f"{document.name} links to {target}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda d: d.name)
def test_every_folder_and_file_that_a_document_names_exists(document: Path) -> None:
    if document.name == "CHANGELOG.md":
        return
    text = re.sub(r"```.*?```", "", document.read_text(), flags=re.DOTALL)
    tops = "|".join((*PROGRAMS, "tests", "docs", "nginx"))
    for path in re.findall(rf"`((?:{tops})/[\w./-]*)`", text):
        assert (ROOT / path).exists(), f"{document.name} names {path}"


def test_make_targets_named_in_documents_exist_and_are_few() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z]+):.*## ", makefile, re.MULTILINE))
    assert len(targets) <= 10
    for document in DOCUMENTS:
        for target in re.findall(r"(?:^\$ |`)make ([a-z]+)", document.read_text(), re.MULTILINE):
            assert target in targets, f"{document.name}: no target {target}"


def examples() -> list[tuple[str, str]]:
    """(file name, text) of every example in docs/extending.md."""
    text = (ROOT / "docs" / "extending.md").read_text()
    return re.findall(r"```python\n# (\S+)\n(.*?)```", text, re.DOTALL)


@pytest.mark.parametrize(("file", "source"), examples(), ids=[file for file, _ in examples()])
def test_an_example_of_a_member_fulfils_the_contract_of_its_family(file: str, source: str) -> None:
    package = ".".join(Path(file).parent.parts)
    name = f"{package}.{Path(file).stem}_example"
    module = types.ModuleType(name)
    module.__package__ = package
    sys.modules[name] = module
    try:
        exec(compile(source, f"<{file}>", "exec"), module.__dict__)
    finally:
        del sys.modules[name]
    contract = importlib.import_module(f"{package}.base")
    families = [v for v in vars(contract).values() if inspect.isclass(v) and inspect.isabstract(v)]
    member = getattr(module, module.__all__[0])
    assert issubclass(member, tuple(families))
    assert not inspect.isabstract(member)
    assert not (ROOT / file).exists(), "the example is about a member that there is already"


def test_every_family_is_in_the_table_of_extending() -> None:
    text = (ROOT / "docs" / "extending.md").read_text()
    registries = [file for program in PROGRAMS for file in (ROOT / program).rglob("registry.py")]
    assert len(registries) >= 9
    assert [r for r in (str(file.relative_to(ROOT)) for file in registries) if f"`{r}`" not in text] == []


def test_every_reason_is_explained() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    reasons = {**REASONS, **REFUSALS, **FAILURES}
    assert [name for name, because in reasons.items() if f"| `{name}` | {because} |" not in text] == []


def test_the_short_table_of_the_readme_says_what_the_long_one_says() -> None:
    rows = re.findall(r"^\| `(SESSIONRANK_\w+)` \| (.*?) \|", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert len(rows) >= 6
    assert [(name, default) for name, default in rows if documented()[name][0] != default] == []
