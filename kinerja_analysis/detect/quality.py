"""What a submission holds and lacks: filled columns, who is not rated, sources per unit, doubtful entries; counts only.

Nothing here is a finding about a person: a wide span or many ratings in one minute says how data were entered.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from kinerja_analysis.base.tables import TABLES, columns
from kinerja_analysis.detect.context import Context

SOURCES = ("ekinerja", "supervisor", "self", "peer", "subordinate")
TRAITS = ("sex", "age_band", "employment")
PLACE = ["opd", "unit"]
PARTS = ["rows", "kept", "merged", "set_aside"]
Row = dict[str, Any]


def quality(ctx: Context, accounting: pd.DataFrame, files: set[int]) -> dict[str, pd.DataFrame]:
    """Return the frames by name.

    ``rows`` (row accounting by table), ``completeness`` (table column n filled), ``unrated`` (opd unit reason n;
    reason ``rated`` for those who are), ``coverage`` (opd unit source n rated pairs: of n persons, rated by how many
    raters in all), ``sources`` (the same over all places, with the number of units and of those without),
    ``checks`` (measure k n raters largest: k of n), ``entries`` (measure rater n: internal), ``problems`` (code n:
    cells with this warning or note).
    """
    pairs = _pairs(ctx)
    places = _coverage(ctx, pairs)
    batches = _batches(ctx)
    spans = ctx.teams.groupby("supervisor")["ratee"].nunique()
    wide = spans[spans > ctx.threshold("quality.span").value]
    told = [p for p in ctx.tables.problems if p.number in files or not p.number]
    rows = [
        *_people(ctx, pairs),
        _check("wide_span", wide.sum(), spans.sum(), len(wide), spans.max()),
        *(_check(f"batch_{kind}", hit.sum(), total, hit.index.get_level_values(0).nunique(), hit.max())
          for kind, (hit, total) in batches.items()),
    ]  # fmt: skip
    entries = {"wide_span": wide, **{f"batch_{k}": hit.groupby(level=0).max() for k, (hit, _) in batches.items()}}
    lists = [pd.DataFrame({"measure": name, "rater": s.index.astype("str"), "n": s}) for name, s in entries.items()]
    codes = pd.DataFrame({"code": [p.code for p in told], "n": [p.count for p in told]})
    return {
        "rows": accounting.groupby("table", as_index=False)[PARTS].sum(),
        "completeness": pd.DataFrame(list(_filled(ctx)), columns=["table", "column", "n", "filled"]),
        "unrated": _unrated(ctx),
        "coverage": places,
        "sources": places.assign(units=1, none=(places["rated"] == 0).astype("int64"))
        .groupby("source", as_index=False)[["n", "rated", "pairs", "units", "none"]].sum(),
        "checks": pd.DataFrame(rows),
        "entries": pd.concat(lists, ignore_index=True).astype({"n": "int64", "rater": "str"}),
        "problems": codes.astype({"code": "str", "n": "int64"}).groupby("code", as_index=False)["n"].sum(),
    }


def _check(measure: str, k: float, n: float, raters: int = 0, largest: float = 0) -> Row:
    top = 0 if pd.isna(largest) else int(largest)
    return {"measure": measure, "k": int(k), "n": int(n), "raters": int(raters), "largest": top}


def _pairs(ctx: Context) -> pd.DataFrame:
    """Return one row per source, ratee and rater; the supervisor's rating in an export is source ``ekinerja``."""
    both = pd.concat([ctx.ekinerja.assign(source="ekinerja"), ctx.multisource], ignore_index=True)
    return both[["source", "ratee", "rater"]].drop_duplicates()


def _filled(ctx: Context) -> Iterator[tuple[str, str, int, int]]:
    """Yield table, column, rows and filled rows; a table without rows once, with an empty column."""
    for table in TABLES:
        frame: pd.DataFrame = getattr(ctx.tables, table)
        if frame.empty:
            yield table, "", 0, 0
            continue
        for column in columns(table):
            if column.name not in ("year", "period", "region", "reason") and column.kind != "flag":
                filled = frame[column.name].notna() & (frame[column.name].astype("str") != "")
                yield table, column.name, len(frame), int(filled.sum())


def _placed(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(**{name: frame[name].fillna("").astype("str") for name in PLACE})


def _unrated(ctx: Context) -> pd.DataFrame:
    """Return persons by place and reason: rated, not_rated, draft, no_skp, or the reason of the exclusion."""
    heads = _placed(ctx.heads)
    known = heads["reason"].where(heads["status"].isin(["not_rated", "excluded"]) & (heads["reason"].fillna("") != ""))
    heads = heads.assign(reason=known.fillna(heads["status"]))
    return heads.groupby([*PLACE, "reason"]).size().rename("n").reset_index()


def _coverage(ctx: Context, pairs: pd.DataFrame) -> pd.DataFrame:
    """Return per place and source how many of the persons there have a rating, and by how many raters in all."""
    rated = ctx.multisource[["ratee", *PLACE]].rename(columns={"ratee": "person"})
    people = _placed(pd.concat([ctx.heads[["person", *PLACE]], rated])).drop_duplicates("person")
    size = people.groupby(PLACE).size().rename("n")
    each = pairs.groupby(["source", "ratee"]).size().rename("pairs").reset_index()
    each = each.merge(people, left_on="ratee", right_on="person")
    found = each.groupby([*PLACE, "source"])["pairs"].agg(["size", "sum"]).set_axis(["rated", "pairs"], axis=1)
    frame = size.reset_index().merge(pd.DataFrame({"source": SOURCES}), how="cross")
    frame = frame.merge(found.reset_index(), on=[*PLACE, "source"], how="left")
    return frame.fillna({"rated": 0, "pairs": 0}).astype({"rated": "int64", "pairs": "int64", "n": "int64"})


def _people(ctx: Context, pairs: pd.DataFrame) -> Iterator[Row]:
    """Yield what can be counted of persons: in both kinds of data, never rated, unknown traits, contradictions."""
    official, others = set(ctx.heads["person"]), set(ctx.multisource["ratee"])
    yield _check("both", len(official & others), len(official | others))
    staff = ctx.tables.employees
    listed = staff.loc[staff["row"] != "", "person"].drop_duplicates()
    done = {*ctx.heads.loc[ctx.heads["status"] == "rated", "person"], *pairs["ratee"]}
    yield _check("never_rated", (~listed.isin(list(done))).sum(), len(listed))
    rated = ctx.heads[ctx.heads["status"] == "rated"]
    yield _check("no_supervisor", rated["supervisor"].isna().sum(), len(rated))
    for name in TRAITS:
        yield _check(f"unknown_{name}", staff[name].isna().sum(), len(staff))
    scores = ctx.scores.frame
    consistent = scores.loc[(scores["region"] == ctx.region) & (scores["year"] == ctx.year), "consistent"]
    yield _check("contradiction", (consistent == "no").sum(), consistent.isin(["yes", "no"]).sum())


def _batches(ctx: Context) -> dict[str, tuple[pd.Series, int]]:
    """Return per kind of data how many persons one rater rated in one minute, where many; and of how many in all.

    Times that are dates only (midnight) tell nothing and do not count.
    """
    out = {}
    least = ctx.threshold("quality.batch").value
    for kind, frame in (("ekinerja", ctx.ekinerja), ("multisource", ctx.multisource)):
        times = frame[frame["rated_at"].notna() & frame["rater"].notna() & (frame["source"] != "self")]
        times = times.drop_duplicates(["period", "ratee", "rater", "source"])
        minute = times["rated_at"].dt.floor("min")
        times = times if (minute != minute.dt.normalize()).any() else times.iloc[:0]
        size = times.groupby(["rater", minute.reindex(times.index)]).size().astype(np.int64)
        out[kind] = size[size >= least], len(times)
    return out
