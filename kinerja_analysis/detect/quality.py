"""What a submission holds and lacks: filled columns, who is not rated, sources per unit, doubtful entries; counts only.

Nothing here is a finding about a person: a wide span or many ratings in one minute says how data were entered.
"""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from kinerja_analysis.base.tables import PARTS, TABLES, columns
from kinerja_analysis.detect.context import Context

SOURCES = ("ekinerja", "supervisor", "self", "peer", "subordinate")
UNCOUNTED = ("year", "period", "region", "reason")
TRAITS = ("sex", "age_band", "employment")
PLACE = ["opd", "unit"]
Row = tuple[str, int, int, int, int]


def quality(ctx: Context, accounting: pd.DataFrame, files: set[int]) -> dict[str, pd.DataFrame]:
    """Return the frames by name.

    ``rows`` (row accounting by table), ``completeness`` (table column n filled), ``unrated`` (opd unit reason n;
    reason ``rated`` for those who are), ``coverage`` (opd unit source n rated pairs: of n persons, rated by how many
    raters in all), ``sources`` (the same over all places, with the number of units and of those without),
    ``checks`` (measure k n raters largest: k of n), ``entries`` (measure rater n: internal, a row per wide span or
    crowded minute), ``problems`` (code n: cells with this warning or note).
    """
    both = pd.concat([ctx.ekinerja.assign(source="ekinerja"), ctx.multisource], ignore_index=True)
    pairs = both[["source", "ratee", "rater"]].drop_duplicates()
    places = _coverage(ctx, pairs)
    sources = places.assign(units=1, none=(places["rated"] == 0).astype("int64")).drop(columns=PLACE)
    span, least = ctx.threshold("quality.span").value, ctx.threshold("quality.batch").value
    sizes = {"wide_span": (ctx.teams.groupby("supervisor")["ratee"].nunique(), span)}
    sizes |= {name: (size, least - 1) for name, size in _minutes(ctx)}
    hits = {name: size[size > limit].rename("n").rename_axis("rater") for name, (size, limit) in sizes.items()}
    checks = [*_people(ctx, pairs), *((name, hits[name].sum(), size.sum(), hits[name].index.nunique(), size.max())
                                      for name, (size, _) in sizes.items())]  # fmt: skip
    lists = [hit.reset_index().assign(measure=name) for name, hit in hits.items()]
    told = [(p.code, p.count) for p in ctx.tables.problems if p.number in files or not p.number]
    codes = pd.DataFrame(told, columns=["code", "n"]).astype({"code": "str", "n": "int64"})
    whole = ["k", "n", "raters", "largest"]
    return {
        "rows": accounting.groupby("table", as_index=False)[PARTS].sum(),
        "completeness": pd.DataFrame(list(_filled(ctx)), columns=["table", "column", "n", "filled"]),
        "unrated": _unrated(ctx),
        "coverage": places,
        "sources": sources.groupby("source", as_index=False, sort=False).sum(),
        "checks": pd.DataFrame(checks, columns=["measure", *whole]).fillna(0).astype(dict.fromkeys(whole, "int64")),
        "entries": pd.concat(lists)[["measure", "rater", "n"]].astype({"n": "int64", "rater": "str"}),
        "problems": codes.groupby("code", as_index=False)["n"].sum(),
    }


def _filled(ctx: Context) -> Iterator[tuple[str, str, int, int]]:
    """Yield table, column, rows and filled rows; a table without rows once, with an empty column."""
    for table in TABLES:
        frame: pd.DataFrame = getattr(ctx.tables, table)
        if frame.empty and table != "cases":  # what nobody has to collect is not missing
            yield table, "", 0, 0
        for name in (c.name for c in columns(table) if len(frame) and c.kind != "flag" and c.name not in UNCOUNTED):
            yield table, name, len(frame), _count(frame[name])
        if table == "ratings" and len(ctx.multisource):
            yield table, "criteria", *_marks(ctx.multisource)


def _marks(ratings: pd.DataFrame) -> tuple[int, int]:
    """Return the marks there would be if each form had all criteria of its source and agency, and those there are."""
    given = ratings.drop_duplicates(["source", "period", "ratee", "rater", "criterion"])
    place = given.groupby(["source", "opd"], dropna=False)
    forms = given[["source", "period", "ratee", "rater"]].drop_duplicates().index
    alike = place["criterion"].transform("nunique")
    return int(alike.loc[forms].sum()), len(given)


def _count(column: pd.Series) -> int:
    """Count what is neither missing nor empty."""
    words = pd.api.types.is_string_dtype(column)
    return int((column.notna() & (column != "")).sum() if words else column.notna().sum())


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
    """Yield what can be counted of persons: not rated, by one source only, never, with unknown traits, contradicted.

    ``own_supervisor``: named as their own, so in no team; ``several_supervisors``: with ratings by two in one period,
    of whom head counts take the last; ``uncomputed``: of those with achievements, who has one that is no percentage
    (a target of 0, for example).
    """
    heads, staff, scores = ctx.heads, ctx.tables.employees, ctx.scores.frame
    others, rated = set(ctx.multisource["ratee"].unique()), heads[heads["status"] == "rated"]
    everyone = {*heads["person"], *others}
    listed = staff.loc[staff["row"] != "", "person"].drop_duplicates()
    yield "not_rated", len(heads) - len(rated), len(heads), 0, 0
    yield "no_supervisor", rated["supervisor"].isna().sum(), len(rated), 0, 0
    yield "own_supervisor", (rated["supervisor"] == rated["person"]).sum(), len(rated), 0, 0
    held = ctx.teams[~ctx.teams["row"].isin(ctx.tables.appraisals.query("acting")["row"])]
    held = held.groupby(["ratee", "period"])["supervisor"].nunique().groupby("ratee").max()
    yield "several_supervisors", (held > 1).sum(), len(held), 0, 0
    yield "both", len(others & {*heads["person"]}), len(everyone), 0, 0
    yield "no_second", len(everyone - others), len(everyone), 0, 0
    yield "no_achievements", len(everyone - {*ctx.tables.achievements["person"].unique()}), len(everyone), 0, 0
    yield "never_rated", len({*listed} - {*rated["person"], *pairs["ratee"].unique()}), len(listed), 0, 0
    yield from ((f"unknown_{name}", staff[name].isna().sum(), len(staff), 0, 0) for name in TRAITS)
    mine = scores[(scores["region"] == ctx.region) & (scores["year"] == ctx.year)]
    lines = mine.groupby("person")[["achievement_n", "achievement_missing"]].sum()
    yield "uncomputed", (lines["achievement_missing"] > 0).sum(), (lines.sum(axis=1) > 0).sum(), 0, 0
    yield "contradiction", (mine["consistent"] == "no").sum(), mine["consistent"].isin(["yes", "no"]).sum(), 0, 0


def _minutes(ctx: Context) -> Iterator[tuple[str, pd.Series]]:
    """Yield per kind of data how many persons each rater rated in each minute.

    Times that are dates only (midnight) tell nothing and are left out.
    """
    for kind, frame in (("ekinerja", ctx.ekinerja), ("multisource", ctx.multisource)):
        times = frame[frame["rated_at"].notna() & frame["rater"].notna() & (frame["source"] != "self")]
        times = times.drop_duplicates(["period", "ratee", "rater", "source"])
        minute = times["rated_at"].dt.floor("min")
        times = times if (minute != minute.dt.normalize()).any() else times.iloc[:0]
        yield f"batch_{kind}", times.groupby([times["rater"], minute.reindex(times.index)]).size().droplevel(1)
