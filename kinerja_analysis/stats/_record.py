"""What the records of `stats` share: their long table, and the mark that a value is a prediction."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    import pandas as pd

Block = dict[str, NDArray[Any]]
COLUMNS = ("quantity", "level", "value", "se", "lower", "upper")


class Predictions(np.ndarray):
    """An array of best linear unbiased predictions, already shrunken.

    `shrink` refuses it, also after slicing: shrinking twice would understate every effect.
    """


def predictions(values: ArrayLike) -> Predictions:
    """Mark `values` as predictions.

    Examples
    --------
    >>> isinstance(predictions([0.5, -0.5])[:1], Predictions)
    True
    """
    return np.asarray(values, dtype=np.float64).view(Predictions)


def block(
    quantity: str,
    value: ArrayLike,
    *,
    level: ArrayLike | None = None,
    se: ArrayLike = np.nan,
    lower: ArrayLike = np.nan,
    upper: ArrayLike = np.nan,
) -> Block:
    """Rows of a record's long table: one per entry of `value`.

    The level is the position for an array, the empty text for a single number, unless it is given.

    Examples
    --------
    >>> block("sd", [1.0, 2.0])["level"].tolist()
    ['0', '1']
    """
    numbers = np.asarray(value, dtype=np.float64)
    flat = numbers.ravel()
    if level is None:
        level = np.arange(flat.size) if numbers.ndim else [""]
    rows: Block = {
        "quantity": np.full(flat.size, quantity, dtype=object),
        "level": np.array([str(item) for item in np.ravel(np.asarray(level))], dtype=object),
        "value": flat,
    }
    for name, part in (("se", se), ("lower", lower), ("upper", upper)):
        rows[name] = np.broadcast_to(np.asarray(part, dtype=np.float64).ravel(), flat.shape)
    return rows


def frame(*blocks: Block) -> "pd.DataFrame":
    """The blocks below each other: columns quantity, level, value, se, lower, upper.

    Examples
    --------
    >>> frame(block("mean", 2.0, se=0.5)).columns.tolist()
    ['quantity', 'level', 'value', 'se', 'lower', 'upper']
    """
    import pandas as pd

    columns = {name: np.concatenate([part[name] for part in blocks]) for name in COLUMNS}
    return pd.DataFrame(columns).astype({"quantity": "str", "level": "str"})
