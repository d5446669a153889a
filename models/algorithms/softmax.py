"""Weights of a log-linear choice among candidates (conditional logit; D. McFadden, 1974), fitted by L-BFGS.

The probability of a candidate is the softmax, over the candidates of its case, of the weighted sum of its inputs. The
candidates of all cases lie behind each other in one matrix, so that cases may have any number of them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize  # type: ignore[import-untyped]

__all__ = ["fit_weights", "log_loss"]


def fit_weights(
    inputs: NDArray[np.float32], starts: NDArray[np.int64], chosen: NDArray[np.int64], *, penalty: float = 1e-3
) -> NDArray[np.float32]:
    """The weights that make the chosen candidates likeliest.

    Args:
        inputs: (candidates of all cases × f).
        starts: where each case's candidates begin (int64, ascending, the first 0).
        chosen: the row in ``inputs`` of what each case chose.
        penalty: of the sum of the squared weights, counted on inputs of unit variance; keeps them small and unique.

    Returns:
        f weights, for the inputs as they are.
    """
    spread = inputs.std(axis=0)
    scale = np.where(spread > 0, 1 / np.where(spread > 0, spread, 1), 0).astype(np.float32)
    scaled = inputs * scale

    def objective(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        loss, gradient = log_loss(weights.astype(np.float32), scaled, starts, chosen)
        return loss + penalty * float(weights @ weights), gradient + 2 * penalty * weights

    start = np.zeros(inputs.shape[1])
    found: Any = optimize.minimize(objective, start, jac=True, method="L-BFGS-B", options={"maxiter": 200})
    return np.asarray(found.x * scale, dtype=np.float32)


def log_loss(
    weights: NDArray[np.float32], inputs: NDArray[np.float32], starts: NDArray[np.int64], chosen: NDArray[np.int64]
) -> tuple[float, NDArray[np.float64]]:
    """Mean of -ln of the probability of what was chosen (nats), and its gradient by the weights."""
    lengths = np.diff(np.append(starts, len(inputs)))
    sums = inputs @ weights
    sums -= np.repeat(np.maximum.reduceat(sums, starts), lengths)
    likely = np.exp(sums)
    totals = np.add.reduceat(likely, starts, dtype=np.float64)
    likely /= np.repeat(totals, lengths)
    loss = float(np.mean(np.log(totals) - sums[chosen]))
    gradient = likely @ inputs - inputs[chosen].sum(axis=0)
    return loss, gradient.astype(np.float64) / len(starts)
