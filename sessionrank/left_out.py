"""Sessions that training left out, so that a release can be measured on what its models have not learned from.

``model train --leave-out-share`` writes them beside the file of vectors or covisits, in the format of the files of
``model prepare``, and ``index load`` looks for them there.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["left_out_beside"]


def left_out_beside(model: Path) -> Path:
    """Where the sessions stand that the training of the file ``model`` left out: ``covisit.left-out.npz``."""
    return model.with_name(model.name.removesuffix(".npz") + ".left-out.npz")
