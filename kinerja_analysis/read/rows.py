"""The row accounting as a reader sees it: per file and table, every reason in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from kinerja_analysis.base.tables import PARTS
from kinerja_analysis.base.words import number, say

MOST = 24


def by_file(accounting: pd.DataFrame, files: Sequence[str]) -> list[dict[str, Any]]:
    """Return one record per file and table: ``file table rows kept merged set_aside reasons`` (reason -> rows).

    >>> lines = pd.DataFrame({"file": 1, "sheet": 1, "table": "ratings", "rows": [5, 2], "kept": [5, 0],
    ...                       "merged": 0, "set_aside": [0, 2], "reason": ["", "blank"]})
    >>> by_file(lines, ["a.csv"])[0]["rows"], by_file(lines, ["a.csv"])[0]["reasons"]
    (7, {'blank': 2})
    """
    if accounting.empty:
        return []
    return [
        {"file": files[int(key[0]) - 1], "table": str(key[1]),
         **{name: int(part[name].sum()) for name in PARTS},
         "reasons": {str(k): int(n) for k, n in part.groupby("reason")["rows"].sum().items() if k and n}}
        for key, part in accounting.groupby(["file", "table"])
    ]  # fmt: skip


def in_words(accounting: pd.DataFrame, files: Sequence[str], lang: str) -> str:
    """Return the accounting in words, a line per file and table; "" for no rows at all.

    Above ``MOST`` lines the files of a table are told together.
    """
    records, held = by_file(accounting, files), {}
    if len(records) > MOST:
        held = {t: say("quality.files", lang, n=n) for t, n in accounting.groupby("table")["file"].nunique().items()}
        records = by_file(accounting.assign(file=1), [""])
    lines = [say("quality.balance", lang)] if records else []
    for r in records:
        told = [f"{number(n, 0, lang)} {say(f'problems.accounting.{k}', lang)}" for k, n in r["reasons"].items()]
        names = {"file": held.get(r["table"], r["file"]), "table": say(f"quality.table.{r['table']}", lang)}
        line = say("quality.line", lang, **names, **{k: r[k] for k in PARTS})
        lines.append(f" {line}" + (f": {'; '.join(told)}" if told else ""))
    return "\n".join(lines)
