"""Growing trees with LightGBM: LambdaMART over the hits of logged searches, and its trees in our own form."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sessionrank.errors import ConfigurationError, DataError

from ..ranking.trees import MOST_LEAVES, LearnedModel, Split, Tree

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["PARAMETERS", "TREES", "Examples", "grown", "lightgbm"]

#: Small trees, strongly smoothed: some hundred searches must do, and a worker scores them all for every search.
PARAMETERS: Mapping[str, Any] = {
    "objective": "lambdarank",
    "num_leaves": 8,
    "learning_rate": 0.05,
    "min_data_in_leaf": 200,
    "lambda_l2": 50.0,
    "feature_fraction": 0.8,
    # The whole window is worth ordering, not the first 30 alone.
    "lambdarank_truncation_level": 100,
    # Equal data and seeds give equal trees, whatever the number of threads.
    "deterministic": True,
    "force_row_wise": True,
    "verbose": -1,
}
#: No early stopping: trees this small hardly overfit (50 and 200 of them were worth the same on Online Retail), while
#: some hundred searches for validation stopped the growing by chance, after five trees or eighty.
TREES = 100


@dataclass(frozen=True)
class Examples:
    """The hits of searches, one search after the other."""

    #: (hits × features), NaN where a number is not known.
    matrix: NDArray[np.float64]
    #: 1 for each clicked hit, else 0.
    clicked: NDArray[np.int8]
    #: The number of hits of each search.
    counts: NDArray[np.int64]
    #: What each hit is worth before there are trees (hits).
    start: NDArray[np.float64]


def lightgbm() -> ModuleType:
    """The library; it is imported where trees are grown and nowhere else, for that alone takes a second.

    Raises:
        ConfigurationError: it is not installed, or the system lacks what it needs.
    """
    try:
        import lightgbm as library
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"training needs {error.name}, which is missing: install it with `pip install 'sessionrank[ltr]'`"
        ) from error
    except OSError as error:
        raise ConfigurationError(
            f"LightGBM cannot be loaded: {str(error)[:200]}; on Debian, `apt-get install libgomp1` brings its OpenMP"
        ) from error
    module: ModuleType = library
    return module


def grown(
    features: Sequence[str],
    examples: Examples,
    start: Mapping[str, float],
    *,
    seed: int,
    threads: int,
    on_tree: Callable[[], None] = lambda: None,
) -> LearnedModel:
    """Trees that order the hits of these searches, beginning with what they are worth already.

    So few searches, of which little can be learned, spoil nothing.

    Args:
        start: the weights that made ``examples.start``.
        on_tree: told of each tree.

    Raises:
        ConfigurationError: LightGBM is not there.
        DataError: nothing can be learned from these searches.
    """
    library = lightgbm()
    parameters = {**PARAMETERS, "seed": seed}
    names = [name.replace(" ", "_") for name in features]
    data = library.Dataset(
        examples.matrix, examples.clicked, group=examples.counts, init_score=examples.start, feature_name=names
    )
    try:
        booster = library.train({**parameters, "num_threads": threads}, data, TREES, callbacks=[lambda _: on_tree()])
    except library.basic.LightGBMError as error:
        raise DataError(f"nothing can be learned from these searches: {str(error)[:200]}") from error
    trees = [_tree(each["tree_structure"]) for each in booster.dump_model()["tree_info"]]
    if not any(tree.splits for tree in trees):
        raise DataError("nothing can be learned from these searches: no signal tells the clicked hits from the others")
    gain = booster.feature_importance("gain")
    shares = {features[at]: round(float(gain[at] / gain.sum()), 4) for at in np.argsort(-gain, kind="stable")}
    meta = {"library": f"lightgbm {library.__version__}", "parameters": parameters, "gain": shares}
    return LearnedModel(list(features), dict(start), trees, meta)


def _tree(root: Mapping[str, Any]) -> Tree:
    splits: list[Split] = []
    leaves: list[float] = []

    def walk(node: Mapping[str, Any]) -> None:
        if "leaf_value" in node:
            leaves.append(float(node["leaf_value"]))
            return
        at, first = len(splits), len(leaves)
        splits.append((0, 0.0, 0, 0, False))
        walk(node["left_child"])
        middle = len(leaves)
        walk(node["right_child"])
        splits[at] = (node["split_feature"], float(node["threshold"]), first, middle, _unknown_goes_right(node))

    walk(root)
    if len(leaves) > MOST_LEAVES:
        raise DataError(f"a tree of {len(leaves)} leaves was grown; at most {MOST_LEAVES} are taken")
    return Tree(splits, leaves)


def _unknown_goes_right(node: Mapping[str, Any]) -> bool:
    """Where LightGBM sends what is not known: where it says so, and the way of a 0 where training knew all numbers."""
    if node["decision_type"] != "<=" or node["missing_type"] not in ("NaN", "None"):
        raise DataError(f"a split of another kind was grown: {node['decision_type']}, {node['missing_type']}")
    if node["missing_type"] == "NaN":
        return not node["default_left"]
    return float(node["threshold"]) < 0.0
