"""Tables that come as columns already: Parquet files and data frames."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.read.cells import Block, Cells
from kinerja_analysis.read.layout import Layout, declared, locate

FRAME = "data frame"


def of_parquet(path: Path, number: int, config: AuditConfig) -> tuple[Block, Layout | None]:
    """Read a Parquet file. Raises ``OSError`` or ``ValueError`` (pyarrow's errors are both) for a damaged one."""
    import pyarrow.parquet as pq

    table = pq.ParquetFile(path).read()
    table.validate(full=True)
    header = [str(n) for n in table.column_names]
    block = _block(number, path.name, header, table.num_rows, lambda j: Cells.of_arrow(table.column(j)))
    return block, _layout(header, path.name, config)


def of_frame(frame: pd.DataFrame, number: int, config: AuditConfig, table: str = "") -> tuple[Block, Layout | None]:
    """Take a data frame; ``table`` declares what it holds, else the columns tell."""
    header = [str(c) for c in frame.columns]

    def column(j: int) -> Cells:
        series = frame.iloc[:, j]
        values = series.astype(object).where(series.notna(), None).tolist()
        return Cells.of([str(v) if isinstance(v, (list, dict, set, np.ndarray)) else v for v in values])

    block = _block(number, FRAME, header, len(frame), column)
    layout = _layout(header, FRAME, config)
    return block, layout or (declared(table, header) if table else None)


def _block(number: int, name: str, header: list[str], n: int, column: Any) -> Block:
    return Block(number, name, 1, "", header, 0, np.arange(1, n + 1), column, lines=True, exact=True, separator=",")


def _layout(header: list[str], name: str, config: AuditConfig) -> Layout | None:
    found = locate([header], name, "", config.mapping)
    return found[1] if found else None
