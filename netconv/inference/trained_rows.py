"""Which rows of a table a model was trained on. The trained model stores what identifies the table, not its rows."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from ..errors import FormatError
from .loading import LoadedModel
from .validation_rows import validation_mask

if TYPE_CHECKING:
    import numpy as np

MEMBER = "trained_rows.json"
"""The member of the archive."""
MOST = 20
"""How many trainings of a model are stored, the last ones."""


@dataclass(frozen=True)
class Training:
    """What identifies a table and the rows of it that a model was trained on.

    Attributes:
        rows: How many rows the table has.
        checksum: CRC-32 of the targets and then of the features of all rows.
        validation_split: The share of the rows that were held out.
        seed: Of the random numbers that drew these.
    """

    rows: int
    checksum: int
    validation_split: float
    seed: int


def dump(trainings: Sequence[Training]) -> bytes:
    """The trainings of a model as JSON, the last MOST of them."""
    return json.dumps([asdict(training) for training in trainings[-MOST:]]).encode()


def load(members: dict[str, bytes], file: str) -> tuple[Training, ...]:
    """The trainings in the members of a model, the last one at the end. Raises FormatError."""
    try:
        found = json.loads(members.get(MEMBER, b"[]"))
        trainings = tuple(
            Training(int(f["rows"]), int(f["checksum"]), float(f["validation_split"]), int(f["seed"])) for f in found
        )
        if not all(0 <= each.validation_split < 1 and each.seed >= 0 for each in trainings) or len(trainings) > MOST:
            raise ValueError
        return trainings
    except (ValueError, TypeError, LookupError, OverflowError, RecursionError):
        raise FormatError(f"{file}: its member netconv/{MEMBER} is damaged") from None


def checksum(array: np.ndarray, before: int = 0) -> int:
    """The CRC-32 of the numbers of an array, after others whose checksum is `before`."""
    import numpy as np

    return zlib.crc32(np.ascontiguousarray(array).data.cast("B") if array.size else b"", before)


def trained_on(loaded: LoadedModel, y: np.ndarray, present: np.ndarray) -> dict[int, np.ndarray]:
    """The masks of the rows that a model was trained on, by the checksum of the table whose rows they are: for a table
    with the targets `y`, of which the rows `present` (a mask) have one. Raises FormatError."""
    masks: dict[int, np.ndarray] = {}
    for training in load(loaded.members, loaded.name):
        if training.rows == len(present):
            mask = present & ~validation_mask(y, present, training.validation_split, training.seed)
            masks[training.checksum] = masks.get(training.checksum, False) | mask
    return masks
