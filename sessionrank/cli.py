"""The command ``sessionrank``: sub-commands that are imported only when they are asked for.

A command raises :class:`~sessionrank.errors.SessionrankError` for bad input; here it becomes one line and exit code 2.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from typing import Any

import click

from sessionrank import __version__
from sessionrank.errors import ConfigurationError, SessionrankError
from sessionrank.output import output_told

__all__ = ["COMMANDS", "SEARCH_COMMANDS", "LazyGroup", "main", "search"]

#: Sub-command → "module:attribute", its extra, and its line in the help text (so that help imports no program).
COMMANDS: dict[str, tuple[str, str, str]] = {
    "demo": ("sessionrank.demo.command:demo", "demo", "Start everything on real data and watch search follow a visit."),
    "index": (
        "sessionrank.indexer.commands.index:index",
        "indexer",
        "Load a catalogue and vectors; publish, roll back.",
    ),
    "model": ("sessionrank.models.commands.model:model", "models", "Train item vectors and look at them."),
    "search": ("sessionrank.cli:search", "proxy", "Measure what re-ranking is worth, and choose by it."),
    "serve": ("sessionrank.proxy.commands.serve:serve", "proxy", "Run the search proxy."),
    "stack": ("sessionrank.stack.commands.stack:stack", "stack", "Run a local search engine and Redis."),
}

#: The members of ``search`` in the same form; they belong to several programs, so the group stands here.
SEARCH_COMMANDS: dict[str, tuple[str, str, str]] = {
    "evaluate": (
        "sessionrank.proxy.commands.search_evaluate:evaluate",
        "proxy",
        "Measure what re-ranking brings on a log of searches.",
    ),
    "log": ("sessionrank.models.commands.search_log:log", "models", "Make a log of searches from order data."),
    "train": (
        "sessionrank.proxy.commands.search_train:train",
        "proxy,ltr",
        "Learn an order of hits from a log of searches.",
    ),
    "tune": (
        "sessionrank.proxy.commands.search_tune:tune",
        "proxy",
        "Choose how a release is ordered, by a log of searches.",
    ),
}


class LazyGroup(click.Group):
    """A group whose members are imported on first use, from a registry like :data:`COMMANDS`."""

    def __init__(self, *args: Any, registry: dict[str, tuple[str, str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.registry = registry

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(self.registry)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.registry:
            return None
        target, extra, _ = self.registry[cmd_name]
        module, _, attribute = target.partition(":")
        try:
            command: click.Command = getattr(importlib.import_module(module), attribute)
        except ModuleNotFoundError as error:
            if (error.name or "").startswith("sessionrank"):
                raise
            advice = f"install it with `pip install 'sessionrank[{extra}]'`"
            raise ConfigurationError(
                f"`{ctx.command_path} {cmd_name}` needs {error.name}, which is missing: {advice}"
            ) from error
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, self.registry[name][2]) for name in self.list_commands(ctx)])


@click.group(
    cls=LazyGroup,
    registry=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Settings are environment variables SESSIONRANK_…; docs/configuration.md lists them.",
)
@click.version_option(__version__, prog_name="sessionrank")
def cli() -> None:
    """Session-personalised search in front of Elasticsearch and OpenSearch."""


@click.group(cls=LazyGroup, registry=SEARCH_COMMANDS)
def search() -> None:
    """Measure on a log of searches what re-ranking is worth, and choose by it.

    \b
    Examples:
      sessionrank search log OnlineRetail.csv.gz --catalog catalogue.csv --after 2011-10-01 --out searches.jsonl
      sessionrank search evaluate searches.jsonl --strategies cosine,covisit,mix
    """


def main(argv: Sequence[str] | None = None) -> None:
    """Entry point: run the command line, turn our errors into one line and their exit code."""
    try:
        with output_told():
            code = cli.main(args=argv, prog_name="sessionrank", standalone_mode=False)
    except SessionrankError as error:
        # Imported here, so that `--version` and help stay quick.
        from sessionrank.console import printable

        # Names of files and columns are from outside, and a terminal must not take orders from them. Line ends stay:
        # a server that died is told with the end of its log.
        click.echo("Error: " + "\n".join(printable(line) for line in str(error).split("\n")), err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped.", err=True)
        sys.exit(130)
    sys.exit(code if isinstance(code, int) else 0)
