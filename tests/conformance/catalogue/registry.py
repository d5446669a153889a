"""The groups of the catalogue, in the order of the table."""

from __future__ import annotations

from tests.conformance.rows import Row

from . import (
    aggregations,
    bad_requests,
    body_keys,
    everywhere,
    filter_paths,
    formats,
    indices,
    msearches,
    names,
    presenting,
    queries,
    reads,
    url_parameters,
    walks,
    warnings,
)

__all__ = ["CATALOGUE"]

CATALOGUE: dict[str, list[Row]] = {
    "Members of the search body": body_keys.ROWS,
    "Parameters of the search URL": url_parameters.ROWS,
    "filter_path": filter_paths.ROWS,
    "Kinds of queries": queries.ROWS,
    "Aggregations": aggregations.ROWS,
    "Highlights, suggestions, groups, computed fields": presenting.ROWS,
    "Names of indices": names.ROWS,
    "Multi search": msearches.ROWS,
    "Walks": walks.ROWS,
    "Other reads": reads.ROWS,
    "Without an index, or with a type": everywhere.ROWS,
    "Cluster and indices": indices.ROWS,
    "Formats and headers": formats.ROWS,
    "Warnings": warnings.ROWS,
    "Bad requests": bad_requests.ROWS,
    "Kept back by the gate": indices.GATE_ROWS,
}
