"""A run as people read it: rows for a table, and a page of Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

__all__ = ["TITLES", "best_first", "columns", "main_part", "markdown", "shown"]

TITLES = {
    "recall": "Recall",
    "hit_rate": "HR",
    "mrr": "MRR",
    "ndcg": "NDCG",
    "coverage": "Coverage",
    "popularity_bias": "Popularity bias",
    "percentile": "Popularity percentile",
}
#: Figures that are a share of something are shown in percent.
_PERCENT = ("recall", "hit_rate", "coverage")


def main_part(run: dict[str, Any]) -> str:
    """The part whose figures are claimed: the test, unless only the validation was asked for."""
    parts: list[str] = run["parts"]
    return "test" if "test" in parts else parts[0]


def best_first(run: dict[str, Any], k: int) -> list[dict[str, Any]]:
    """The algorithms of a run by their recall on the main part."""
    part = main_part(run)
    return sorted(run["algorithms"], key=lambda one: -_mean(one["parts"][part]["metrics"][f"recall@{k}"]))


def columns(run: dict[str, Any], k: int) -> list[str]:
    """The metrics that a table shows; the hit rate only where it is not the recall."""
    names = ["recall", "hit_rate", "mrr", "ndcg", "coverage", "popularity_bias"]
    part = main_part(run)
    for one in run["algorithms"]:
        metrics = one["parts"][part]["metrics"]
        if metrics[f"hit_rate@{k}"]["mean"] != metrics[f"recall@{k}"]["mean"]:
            return names
    return [name for name in names if name != "hit_rate"]


def shown(name: str, figure: dict[str, Any], *, full: bool = False) -> str:
    """A figure with its interval: ``25.4 ± 1.3``, or in full ``25.4 (24.1–26.7)``; a share in percent."""
    metric = name.partition("@")[0]
    if figure["mean"] is None:
        return "–"
    factor, digits = (100, 1) if metric in _PERCENT else (1, 2 if metric == "popularity_bias" else 3)
    mean, low, high = (factor * figure[one] if figure[one] is not None else None for one in ("mean", "low", "high"))
    said = f"{mean:.{digits}f}"
    if low is None or high is None:
        return said
    if full:
        return f"{said} ({low:.{digits}f}–{high:.{digits}f})"
    return f"{said} ± {(high - low) / 2:.{digits}f}"


def markdown(run: dict[str, Any]) -> str:
    """The run as one page: what was measured how, a table for each k, slices, and differences to the first."""
    lines = [f"# {_text(run['data']['name'])}: {_protocol(run)}", "", *_preamble(run), ""]
    for k in run["ks"]:
        lines += [*_main_table(run, k), ""]
    k = run["ks"][0]
    if trained := _by_training_seed(run, k):
        lines += [*trained, ""]
    lines += [*_slice_table(run, k), ""]
    if len(run["algorithms"]) > 1:
        lines += [*_difference_table(run, k), ""]
    return "\n".join(lines)


def _preamble(run: dict[str, Any]) -> list[str]:
    cases, data, machine = run["cases"], run["data"], run["machine"]
    seeds = run["seeds"]
    drawn = "; ".join(
        f"{part}: {run['algorithms'][0]['parts'][part]['cases_a_draw']:,} cases a draw, "
        f"{run['algorithms'][0]['parts'][part]['cases']:,} different ones"
        for part in run["parts"]
    )
    libraries = ", ".join(f"{name} {version}" for name, version in machine["libraries"].items())
    left_out = "".join(f" Left out: {count:,} ({why})." for why, count in cases["left_out"].items() if count)
    plural = f"Mean over {len(seeds)} draws (seeds {seeds[0]} to {seeds[-1]})" if len(seeds) > 1 else f"Seed {seeds[0]}"
    return [
        f"{plural}, with 95 % intervals over sessions. {drawn}.{left_out}",
        "",
        f"- Data: {_text(data['name'])}, sha256 `{data['sha256'][:16]}…`, {data['sessions']:,} sessions, "
        f"{data['items']:,} items, {data['events']:,} events; learned from {run['train']['events']:,} events "
        f"of {run['train']['items']:,} items.",
        f"- Not recommended: {_LEFT_OUT[run['protocol']['leave_out']]}. An answer that training never saw: "
        f"{run['protocol']['unknown']} ({cases['unknown_answers']:,} of {cases['all']:,} cases).",
        f"- Of the answers {_share(cases['answers_equal_query'], cases)} equal the query, "
        f"{_share(cases['answers_in_prefix'], cases)} stand in the prefix.",
        f"- Python {machine['python']}, {libraries}; {machine['cores']} cores.",
    ]


_LEFT_OUT = {"last": "the query item", "all": "any item of the prefix", "nothing": "nothing is left out"}


def _main_table(run: dict[str, Any], k: int) -> list[str]:
    part, names = main_part(run), columns(run, k)
    others = [one for one in run["parts"] if one != part]
    first = run["seeds"][0]
    head = ["algorithm", *(f"Recall@{k} {other}, %" for other in others)]
    head += [f"{TITLES[name]}@{k} {part}{', %' if name in _PERCENT else ''}" for name in names]
    head += [f"Recall@{k} {part}, draw {first}, %", "train, s", "peak, MB"]
    rows = []
    for one in best_first(run, k):
        metrics = one["parts"][part]["metrics"]
        row = [_label(one)]
        row += [shown("recall", one["parts"][other]["metrics"][f"recall@{k}"], full=True) for other in others]
        row += [shown(name, metrics[f"{name}@{k}"], full=True) for name in names]
        drawn = metrics[f"recall@{k}"]["draws"][0]
        seconds = one["seconds"]["train"]
        row += ["–" if drawn is None else f"{100 * drawn:.1f}", "–" if seconds is None else f"{seconds:.1f}"]
        rows.append([*row, f"{one['peak_memory_bytes'] / 1e6:.0f}"])
    notes = ["", "† has learned from this very file, answers included: no fair figure."] if _seen(run) else []
    return [*_table(head, rows), *notes]


def _slice_table(run: dict[str, Any], k: int) -> list[str]:
    part = main_part(run)
    ranked = best_first(run, k)
    slices = ranked[0]["parts"][part]["slices"]
    head = [f"Recall@{k} {part}, %", *(f"{name} ({one['cases']:,})" for name, one in slices.items())]
    rows = [
        [_label(one)]
        + [shown("recall", one["parts"][part]["slices"][name]["metrics"][f"recall@{k}"]) for name in slices]
        for one in ranked
    ]
    return _table(head, rows)


def _difference_table(run: dict[str, Any], k: int) -> list[str]:
    part = main_part(run)
    first = run["algorithms"][0]
    head = [f"less {_text(first['label'])}, {part}", f"Recall@{k}, points", f"MRR@{k}", f"NDCG@{k}"]
    rows = []
    for one in best_first(run, k):
        if one is not first:
            against = one["parts"][part]["against_first"]
            rows.append([_label(one), *(shown(name, against[f"{name}@{k}"], full=True) for name in _COMPARED)])
    return ["Differences on the same cases, with intervals of the difference:", "", *_table(head, rows)]


def _by_training_seed(run: dict[str, Any], k: int) -> list[str]:
    """A line for each algorithm that was trained from several seeds: how much of its figure is the start."""
    part = main_part(run)
    lines = []
    for one in run["algorithms"]:
        if len(one["training_seeds"]) > 1:
            means = one["by_training_seed"][part][f"recall@{k}"]
            told = ", ".join(
                f"{100 * mean:.1f} (seed {seed})" for mean, seed in zip(means, one["training_seeds"], strict=True)
            )
            lines.append(f"- {_label(one)}, Recall@{k} {part} by training seed, %: {told}.")
    return lines


_COMPARED = ("recall", "mrr", "ndcg")


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return [f"| {' | '.join(line)} |" for line in lines]


def _protocol(run: dict[str, Any]) -> str:
    return f"protocol {run['protocol']['name']}"


def _label(one: dict[str, Any]) -> str:
    return f"{_text(one['label'])}{' †' if one.get('seen_answers') else ''}"


def _seen(run: dict[str, Any]) -> bool:
    return any(one.get("seen_answers") for one in run["algorithms"])


def _text(text: str) -> str:
    """Text from outside, unable to leave its cell or to be taken for markup."""
    clean = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
    return "".join(f"\\{character}" if character in "\\`*_[]<>|#" else character for character in clean)


def _share(count: int, cases: dict[str, Any]) -> str:
    return f"{100 * count / max(1, cases['answers']):.1f} %"


def _mean(figure: dict[str, Any]) -> float:
    return -1.0 if figure["mean"] is None else float(figure["mean"])
