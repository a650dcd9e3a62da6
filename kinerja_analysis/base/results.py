"""What an audit is made of: Estimate, Finding, Result, Design, Audit, Comparison.

Results hold codes and numbers, never prose and never rounded values. Sentences are made by ``show``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.region_names import fold
from kinerja_analysis.base.shown import Shown
from kinerja_analysis.base.tables import ScoreTable, of_cell

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Level = Literal["internal", "public"]
LEVELS: tuple[Level, ...] = ("public", "internal")  #: in the order in which reports are made


class Status(StrEnum):
    """What a detector may say about a subject."""

    FLAGGED = "FLAGGED"
    CLEAR = "CLEAR"
    INSUFFICIENT = "INSUFFICIENT"
    NOT_APPLICABLE = "NOT_APPLICABLE"
    ERROR = "ERROR"


@dataclass(frozen=True, slots=True, repr=False)
class Estimate(Shown):
    """A number that is never alone: interval, its level, the n behind it, its unit and its method.

    ``lower`` and ``upper`` are NaN for a full count (arithmetic has no sampling interval; ``method`` says so).
    """

    value: float
    lower: float = np.nan
    upper: float = np.nan
    level: float = 0.95
    n: int = 0
    unit: str = ""
    method: str = ""

    def __post_init__(self) -> None:
        if np.isfinite([self.value, self.lower, self.upper]).all() and not self.lower <= self.value <= self.upper:
            raise ValueError(f"interval [{self.lower}, {self.upper}] does not hold {self.value}")


FRAME_COLUMNS = (
    "measure", "subject_kind", "subject", "scope", "n", "value", "lower", "upper", "level", "unit", "method",
    "threshold", "p_value", "p_adjusted", "status", "code",
)  # fmt: skip
_TEXT = ("measure", "subject_kind", "subject", "scope", "unit", "method", "status", "code")


@dataclass(frozen=True, slots=True, repr=False)
class Finding(Shown):
    """One row of a Result. ``code`` is the key of its sentence, ``params`` what the sentence needs besides."""

    code: str
    status: Status
    measure: str
    subject_kind: str
    subject: str = ""
    scope: str = ""
    estimate: Estimate | None = None
    threshold: float = np.nan
    p_value: float = np.nan
    p_adjusted: float = np.nan
    rows: tuple[str, ...] = ()
    params: Mapping[str, Any] = field(default_factory=dict)
    region: str = ""
    year: int = 0

    def sentence(self, lang: str) -> str:
        """Return the finding as one sentence."""
        from kinerja_analysis.show.sentence import sentence

        return sentence(self, lang)


def _record(f: Finding) -> dict[str, Any]:
    e = f.estimate or Estimate(np.nan)
    return {
        "measure": f.measure, "subject_kind": f.subject_kind, "subject": f.subject, "scope": f.scope, "n": int(e.n),
        "value": float(e.value), "lower": float(e.lower), "upper": float(e.upper), "level": float(e.level),
        "unit": e.unit, "method": e.method, "threshold": float(f.threshold), "p_value": float(f.p_value),
        "p_adjusted": float(f.p_adjusted), "status": str(f.status), "code": f.code, "region": f.region,
        "year": int(f.year), "rows": list(f.rows), "params": json.dumps(dict(f.params), sort_keys=True),
    }  # fmt: skip


@dataclass(frozen=True, slots=True, repr=False)
class Result(Shown):
    """All findings of one detector, stored as columns; a ``Finding`` is a view of one row."""

    detector: str
    frame: pd.DataFrame
    _lists: dict[str, list[Any]] = field(default_factory=dict, init=False, compare=False)

    def __reduce__(self) -> tuple[Any, ...]:
        return Result, (self.detector, self.frame)

    @staticmethod
    def of(detector: str, findings: Iterable[Finding]) -> Result:
        """Build a result from findings."""
        records = [_record(f) for f in findings]
        frame = pd.DataFrame(records, columns=[*FRAME_COLUMNS, "region", "year", "rows", "params"])
        kinds = dict.fromkeys((*_TEXT, "region", "params"), "str") | {"n": "int64", "year": "int64"}
        numbers = ("value", "lower", "upper", "level", "threshold", "p_value", "p_adjusted")
        return Result(detector, frame.astype(kinds | dict.fromkeys(numbers, "float64")))  # type: ignore[arg-type]

    def __len__(self) -> int:
        return len(self.frame)

    def to_frame(self) -> pd.DataFrame:
        """Return the findings, always with the same columns (then ``region year``)."""
        return self.frame[[*FRAME_COLUMNS, "region", "year"]].copy()

    def findings(self, **where: Any) -> Iterator[Finding]:
        """Yield findings, filtered by columns (``status="FLAGGED"``, ``subject_kind="rater"`` …)."""
        kept: Iterable[int] = range(len(self.frame))
        for name, value in where.items():
            column = self._list(name)
            kept = [i for i in kept if column[i] == value]
        for i in kept:
            r = {name: self._list(name)[i] for name in self.frame.columns}
            estimate = Estimate(r["value"], r["lower"], r["upper"], r["level"], r["n"], r["unit"], r["method"])
            yield Finding(
                r["code"], Status(r["status"]), r["measure"], r["subject_kind"], r["subject"], r["scope"],
                estimate, r["threshold"], r["p_value"], r["p_adjusted"], tuple(r["rows"]), json.loads(r["params"]),
                r["region"], r["year"],
            )  # fmt: skip

    def _list(self, name: str) -> list[Any]:
        """Return a column as a list, kept: a page looks up its findings hundreds of times."""
        if name not in self._lists:
            self._lists[name] = self.frame[name].tolist()
        return self._lists[name]

    def first(self, **where: Any) -> Finding | None:
        """Return the first finding that matches, or None."""
        return next(self.findings(**where), None)

    def rows(self, subject: str) -> tuple[str, ...]:
        """Return the addresses (file:sheet:row) of the ratings behind a subject's findings."""
        hits = self.frame.loc[self.frame["subject"] == subject, "rows"]
        return tuple(dict.fromkeys(address for rows in hits for address in rows))

    def summary(self, lang: str = "id") -> str:
        """Return the result in words, verdict first."""
        from kinerja_analysis.show.sentence import result_summary

        return result_summary(self, lang)

    def plot(self, ax: Axes | None = None, lang: str = "id") -> Axes:
        """Draw the result's chart."""
        from kinerja_analysis.show.charts import plot

        return plot(self, ax, lang)


@dataclass(frozen=True, slots=True, repr=False)
class Design(Shown):
    """What the data can carry: one row per region, year, data kind and source, with its verdict.

    Columns: ``region year kind source verdict n_ratees n_raters n_pairs n_units n_components movers changes
    bridges hinge_raters contrast_se contrast_reliability smallest_effect`` (the last in SD, NaN where none).
    ``source`` is ``all`` for the row that carries the verdict of the kind.
    """

    frame: pd.DataFrame

    def verdicts(self) -> dict[tuple[str, int, str], str]:
        """Return the verdict per (region, year, kind)."""
        rows = self.frame[self.frame["source"] == "all"]
        return {(r.region, int(r.year), r.kind): r.verdict for r in rows.itertuples()}

    @property
    def verdict(self) -> str:
        """The verdict of a single cell: of the multi-source data where there are any, else of the export.

        Raises ``ValueError`` when the audit holds several cells: use ``verdicts()``.
        """
        found = self.verdicts()
        if len({(region, year) for region, year, _ in found}) != 1:
            raise ValueError("several regions or years: use verdicts()")
        by_kind = {kind: verdict for (_, _, kind), verdict in found.items()}
        return by_kind.get("multisource", by_kind.get("ekinerja", "not_identified"))

    def to_frame(self) -> pd.DataFrame:
        """Return the table."""
        return self.frame.copy()

    def summary(self, lang: str = "id") -> str:
        """Return what the data can and cannot show, in words."""
        from kinerja_analysis.show.sentence import design_summary

        return design_summary(self, lang)


@dataclass(frozen=True, slots=True, repr=False)
class Audit(Shown):
    """The audit of one or more cells (region, year).

    ``counts`` holds the aggregate frames a report needs (``examined``, ``headcount``, ``accounting`` …);
    ``review`` is the review list (``detect.review``), None at the public level. ``provenance`` is JSON-able.
    """

    cells: tuple[tuple[str, int], ...]
    design: Design
    scores: ScoreTable
    results: Mapping[str, Result]
    counts: Mapping[str, pd.DataFrame]
    config: AuditConfig
    provenance: Mapping[str, Any]
    level: Level = "internal"
    review: pd.DataFrame | None = None

    def __getitem__(self, detector: str) -> Result:
        return self.results[detector]

    def select(self, *, region: str | None = None, year: int | None = None) -> Audit:
        """Return the audit of one region (code or name) and/or year. Raises ``KeyError`` when there is no such cell."""
        region = None if region is None else self.code(region)
        cells = tuple(c for c in self.cells if region in (None, c[0]) and year in (None, c[1]))
        if not cells:
            raise KeyError((region, year))

        pick = partial(of_cell, region=region, year=year)
        return replace(
            self,
            cells=cells,
            design=Design(pick(self.design.frame)),
            scores=ScoreTable(pick(self.scores.frame)),
            results={name: Result(name, pick(r.frame)) for name, r in self.results.items()},
            counts={name: pick(f) for name, f in self.counts.items()},
            review=None if self.review is None else pick(self.review),
        )

    def code(self, region: str) -> str:
        """Return the code of a region of the audit, given its code or name; what no single region is called, as it is.

        "Kab. X" is the regency X, also where the audit calls it X, but never the city X.
        """
        kind, bare = fold(region)
        named = {r: fold(self.name(r)) for r, _ in self.cells}
        alike = [r for r, (k, n) in named.items() if r == region or (n == bare and (not k or not kind or k == kind))]
        return alike[0] if len(alike) == 1 else region

    def name(self, region: str) -> str:
        """Return the region's name, or its code when no name is known."""
        return str(self.provenance.get("region_names", {}).get(region, region))

    def to_frame(self) -> pd.DataFrame:
        """Return all findings as one frame, ``region year detector`` first."""
        parts = [r.to_frame().assign(detector=name) for name, r in self.results.items()]
        frame = pd.concat(parts, ignore_index=True)
        return frame[["region", "year", "detector", *FRAME_COLUMNS]]

    @property
    def index(self) -> Result | None:
        """The objectivity index with its panel; None when it was not asked for."""
        return self.results.get("index")

    @property
    def failed(self) -> list[str]:
        """Names of detectors that raised (exit code 5)."""
        return [n for n, r in self.results.items() if (r.frame["status"] == "ERROR").any()]

    def summary(self, lang: str = "id") -> str:
        """Return the audit in words: what the data can show, then what was found."""
        from kinerja_analysis.show.sentence import audit_summary

        return audit_summary(self, lang)

    def save(self, folder: str | Path) -> Path:
        """Write the audit as Parquet files and a signed JSON manifest; returns the folder."""
        from kinerja_analysis.base.store import save_audit

        return save_audit(self, Path(folder))


COMPARISON_COLUMNS = (
    "measure", "year", "region_a", "region_b", "adjusted", "value", "lower", "upper", "level", "unit", "n_a", "n_b",
    "covered", "p_adjusted", "status", "reason", "subject", "reference", "scope", "year_b", "value_a", "value_b",
    "teams_a", "teams_b", "mark")  # fmt: skip


@dataclass(frozen=True, slots=True, repr=False)
class Comparison(Shown):
    """Pairwise differences between regions or years; ``reason`` says why a value is missing, ``mark`` what to know.

    ``frame`` has ``COMPARISON_COLUMNS``; per pair the row ``verdict`` comes first. Status ``FLAGGED``: the two can be
    told apart, ``CLEAR``: they cannot; ``covered``: the share of pairs an adjusted row rests on. ``names`` are the
    regions' names; ``funnels`` the funnel limits of each measure that ten regions have (else empty).
    """

    frame: pd.DataFrame
    names: Mapping[str, str] = field(default_factory=dict)
    funnels: pd.DataFrame = field(default_factory=pd.DataFrame)
    level: Level = "internal"
    synthetic: bool = False

    def to_frame(self) -> pd.DataFrame:
        """Return the tidy table, always with the same columns."""
        return self.frame[list(COMPARISON_COLUMNS)].copy()

    @property
    def pairs(self) -> list[tuple[str, int, str, int]]:
        """The pairs compared, in order: region and year of the one, region and year of the other."""
        rows = self.frame.loc[self.frame["measure"] == "verdict", ["region_a", "year", "region_b", "year_b"]]
        return [(str(a), int(y), str(b), int(z)) for a, y, b, z in rows.itertuples(index=False)]

    def select(self, pair: tuple[str, int, str, int]) -> Comparison:
        """Return the comparison of one pair of ``pairs``. Raises ``KeyError`` for another."""
        if pair not in self.pairs:
            raise KeyError(pair)
        keys = ["region_a", "year", "region_b", "year_b"]
        mine = (self.frame[keys] == list(pair)).all(axis=1)
        return replace(self, frame=self.frame[mine].reset_index(drop=True))

    def matrix(
        self, measure: str, year: int, *, scope: str = "", subject: str = "", adjusted: bool = False
    ) -> pd.DataFrame:
        """Return which regions can be told apart: a symmetric table of ``apart``, ``not_apart`` and ``""`` (no value).

        It is not transitive: no groups of equal regions can be made of it.
        """
        f = self.frame
        f = f[(f["measure"] == measure) & (f["year"] == year) & (f["adjusted"] == adjusted) & (f["subject"] == subject)]
        f = f[(f["scope"] == scope) | (scope == "")]
        names = sorted({*f["region_a"], *f["region_b"]})
        out = pd.DataFrame("", index=names, columns=names)
        told = {"FLAGGED": "apart", "CLEAR": "not_apart"}
        for r in f[f["value"].notna()].itertuples():
            out.loc[r.region_a, r.region_b] = out.loc[r.region_b, r.region_a] = told.get(str(r.status), "")
        return out

    def summary(self, lang: str = "id") -> str:
        """Return the comparison in words: per pair what may be compared, then what can be told apart."""
        from kinerja_analysis.show.comparison import summary

        return summary(self, lang)

    def to_latex(self, lang: str = "en") -> str:
        """Return the rows with a value as a LaTeX table (booktabs, longtable), in the reader's language."""
        from kinerja_analysis.show.comparison import latex

        return latex(self, lang)

    def to_xlsx(self, path: str | Path, lang: str = "id") -> Path:
        """Write a workbook: the summary in words, the tidy table, the funnel where there is one; return its path."""
        from kinerja_analysis.base.store import write_atomic
        from kinerja_analysis.show.comparison import workbook

        write_atomic(Path(path), workbook(self, lang))
        return Path(path)


def merge(audits: Sequence[Audit]) -> Audit:
    """Join audits of different cells that were made with the same configuration, declared regions apart.

    Raises ``ValueError`` for none, for a repeated cell or for mixed levels.
    """
    if not audits:
        raise ValueError("no audits")
    cells = tuple(sorted(c for a in audits for c in a.cells))
    if len(set(cells)) != len(cells) or len({a.level for a in audits}) != 1:
        raise ValueError("the same cell twice, or internal and public mixed")

    def stack(frames: Iterable[pd.DataFrame]) -> pd.DataFrame:
        return pd.concat(list(frames), ignore_index=True)

    first = audits[0]
    names = {k: v for a in audits for k, v in a.provenance.get("region_names", {}).items()}
    regions = {k: v for a in audits for k, v in a.config.regions.items()}
    return replace(
        first,
        config=first.config.model_copy(update={"regions": regions}),
        cells=cells,
        design=Design(stack(a.design.frame for a in audits)),
        scores=ScoreTable(stack(a.scores.frame for a in audits)),
        results={n: Result(n, stack(a.results[n].frame for a in audits)) for n in first.results},
        counts={n: stack(a.counts[n] for a in audits if n in a.counts) for n in first.counts},
        review=None if first.review is None else stack(a.review for a in audits if a.review is not None),
        provenance={**first.provenance, "region_names": names},
    )
