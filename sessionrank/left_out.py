"""Sessions that training left out, so that a release can be measured on what its models have not learned from.

``model train --leave-out-share`` writes them beside the file of vectors or covisits, in the format of the files of
``model prepare``, and ``index load`` looks for them there. The meta of the model has the SHA-256 of that file, so that
the sessions of another training are not taken for its own.
"""

from __future__ import annotations

import json
from pathlib import Path

from .npz import opened
from .textfile import sha256_of

__all__ = ["LEFT_OUT", "left_out_beside", "left_out_of"]

#: The field of a model's meta.
LEFT_OUT = "left_out"


def left_out_beside(model: Path) -> Path:
    """Where the sessions stand that the training of the file ``model`` left out: ``covisit.left-out.npz``."""
    return model.with_name(model.name.removesuffix(".npz") + ".left-out.npz")


def left_out_of(model: Path) -> tuple[str, str]:
    """The SHA-256 of the sessions that the training of ``model`` left out, or why there are none.

    Returns:
        (SHA-256, reason): one of the two is empty.

    Raises:
        DataError: the model is no ``.npz`` with a meta, or a file cannot be read.
    """
    with opened(model, missing="no such file", otherwise="not a file of vectors or covisits") as parts:
        meta = json.loads(str(parts["meta"]))
    beside, told = left_out_beside(model), meta.get(LEFT_OUT) if isinstance(meta, dict) else None
    if not told:
        return "", f"no sessions were left out when {model} was trained (--leave-out-share)"
    if not beside.exists():
        return "", f"{beside}, the sessions that were left out of training, is missing"
    return (told, "") if sha256_of(beside) == told else ("", f"{beside} is of another training than {model}")
