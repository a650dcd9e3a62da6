"""Detection: every detector on every cell (region, year), identification first."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.errors import UsageError
from kinerja_analysis.base.results import Audit, Design, Result, Status
from kinerja_analysis.base.store import data_digest
from kinerja_analysis.base.tables import ScoreTable, Tables
from kinerja_analysis.detect.between import between
from kinerja_analysis.detect.context import Context
from kinerja_analysis.detect.contract import Collector, check_overrides
from kinerja_analysis.detect.counts import counts
from kinerja_analysis.detect.design import design_of
from kinerja_analysis.detect.review import review

REGISTRY = (
    "distribution", "group_gap", "affinity", "achievement_gap", "leniency", "halo", "rater_profile", "straight_lining",
    "agreement", "self_other", "reciprocity", "drift", "matrix_check", "decision_impact",
)  # fmt: skip
#: Runs like a detector, examines the region as a whole and flags nothing.
INDEX = "index"


def detectors(config: AuditConfig) -> tuple[str, ...]:
    """Return the names of the detectors to run, the index last. Raises ``UsageError`` for an unknown one."""
    every = (*REGISTRY, INDEX)
    for name in config.detectors:
        if name not in every:
            raise UsageError("errors.detector_unknown", name=name, known=", ".join(every))
    check_overrides(config.thresholds, (*every, "quality", "review"))
    return tuple(n for n in every if not config.detectors or n in config.detectors)


def run_detector(name: str, ctx: Context) -> Result:
    """Run one detector on one cell; a detector that raises becomes one ERROR finding.

    The message of the exception may hold data, so only its type is kept. A limit too large for a number is infinite,
    without a warning: the detectors treat it as unknown.
    """
    out = Collector(name, ctx.region, ctx.year)
    try:
        with np.errstate(over="ignore"):
            import_module(f"kinerja_analysis.detect.{name}").detect(ctx, out)
    except Exception as error:
        out = Collector(name, ctx.region, ctx.year)
        out.add("failed", Status.ERROR, "error", scope="both", kind_of_error=type(error).__name__)
    return out.result()


def cells_of(tables: Tables, config: AuditConfig) -> list[tuple[str, int]]:
    """Return the (region, year) cells to audit, in order."""
    return [(r, y) for r, y in tables.cells() if not config.years or y in config.years]


def contexts(
    tables: Tables, scores: ScoreTable, config: AuditConfig, cells: Sequence[tuple[str, int]]
) -> list[Context]:
    """Return one context per (region, year) cell, in order."""
    found = []
    for region, year in cells:
        now = tables.select(region=region, year=year)
        history = tables.select(region=region, until=year)
        design = design_of(now, history, region, year, config)
        found.append(Context(now, history, scores, config, design, region, year))
    return found


def detect(
    tables: Tables, scores: ScoreTable, config: AuditConfig, *, cells: Sequence[tuple[str, int]] | None = None
) -> Audit:
    """Run the detectors of ``config`` on every cell of ``tables``, or on the given ones.

    Parameters
    ----------
    tables : Tables
    scores : ScoreTable
        From ``score.score(tables, config)``.
    config : AuditConfig

    Returns
    -------
    Audit
        Internal level. Cells are (region, year) in order.

    Raises
    ------
    UsageError
        An unknown detector or threshold in the configuration, or no cell at all.
    """
    names = detectors(config)
    views = contexts(tables, scores, config, cells_of(tables, config) if cells is None else cells)
    if not views:
        raise UsageError("errors.no_cells")
    found: dict[str, list[pd.DataFrame]] = {n: [] for n in names}
    aggregates: dict[str, list[pd.DataFrame]] = {}
    talks: list[pd.DataFrame] = []
    for ctx in views:
        results = {name: run_detector(name, ctx) for name in names}
        for name, result in results.items():
            found[name].append(result.frame)
        for name, frame in counts(ctx, results).items():
            aggregates.setdefault(name, []).append(frame)
        talks.append(review(results, config))
    done = tuple((c.region, c.year) for c in views)
    told = provenance(tables, config, {r for r, _ in done})
    aggregates["between"] = [between(tables, config, done, str(told["data"]))]
    return Audit(
        cells=done,
        design=Design(pd.concat([c.design.frame for c in views], ignore_index=True)),
        scores=scores,
        results={n: Result(n, pd.concat(frames, ignore_index=True)) for n, frames in found.items()},
        counts={n: pd.concat(frames, ignore_index=True) for n, frames in aggregates.items()},
        config=config,
        provenance=told,
        review=pd.concat(talks, ignore_index=True),
    )


def provenance(tables: Tables, config: AuditConfig, regions: Collection[str]) -> dict[str, Any]:
    """Return what an audit of these regions says of its making: digests, versions, seed, key id; nothing personal."""
    from kinerja_analysis import __version__

    names = {code: r.name for code, r in config.regions.items() if r.name}
    names |= {code: name for code, name in tables.region_names.items() if code in regions}
    return {
        "version": __version__,
        "config": config.digest(),
        "data": data_digest(tables),
        "seed": config.seed,
        "key_id": tables.key_id,
        "synthetic": tables.synthetic,
        "region_names": names,
    }
