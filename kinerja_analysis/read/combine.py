"""Rows of all files become our tables: regions below, transfers, repeated rows, and the row accounting."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd

from kinerja_analysis.base.errors import RowsLost
from kinerja_analysis.base.tables import ACCOUNTING, EKINERJA_CRITERIA, ELSEWHERE, TABLES, annual_or_latest, empty, key
from kinerja_analysis.read.agencies import nowhere
from kinerja_analysis.read.layout import table_of
from kinerja_analysis.read.session import MANY, Session
from kinerja_analysis.read.spelling import one_spelling

INNER = ("_b", "_i", "until", "created", *EKINERJA_CRITERIA)
#: Where the people of a region and year are named.
_NAMED = (("ratings", "ratee"), ("ratings", "rater"), ("appraisals", "person"), ("employees", "person"))
LATER = ("until", "rated_at", "created")  #: what tells which of two rows is the later one, first to last
_TOLD = ("predikat", *EKINERJA_CRITERIA, "number")  #: what an SKP tells of a person


def combine(session: Session) -> dict[str, pd.DataFrame]:
    """Return the tables with raw identifiers; what is merged is noted in the session's fates."""
    tables = {}
    for name in TABLES:
        parts = [p for p in session.parts.get(name, []) if len(p)]
        whole = pd.concat(parts, ignore_index=True) if parts else None
        tables[name] = nothing(name) if whole is None else session.regions.move(_complete(name, whole))
    _follow_people(session, tables)
    _astray(session, tables)
    nowhere(session, tables)
    tables = one_spelling(session, tables)
    tables["units"] = _of_agencies(session, tables)
    tables["appraisals"] = _latest(session, tables["appraisals"])
    tables["appraisals"] = _elsewhere(session, _listed(session, tables["appraisals"]))
    _only_acting(session, tables["appraisals"])
    return tables | {name: _unique(session, name, tables[name]) for name in TABLES if name != "appraisals"}


@lru_cache(maxsize=len(TABLES))
def nothing(name: str) -> pd.DataFrame:
    """Return an empty table with the two columns that tell where rows come from."""
    return empty(name).drop(columns="row").assign(_b=pd.Series(dtype="int64"), _i=pd.Series(dtype="int64"))


def _complete(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    blank = nothing(name)
    for column in blank.columns:
        if column not in frame.columns:
            kind = blank[column].dtype
            value = False if kind == "bool" else None
            frame[column] = pd.Series(value, index=frame.index, dtype="Int64" if kind == "int64" else kind)
    return frame


def _follow_people(session: Session, tables: dict[str, pd.DataFrame]) -> None:
    """Move rows of achievements and example cases to the region below that the person's own rows were moved to."""
    above = {code: r.parent or code.rpartition(".")[0] for code, r in session.config.regions.items() if r.units}
    rated = [("ratings", "ratee"), ("appraisals", "person"), ("employees", "person")]
    for table, who, known in (("achievements", "person", rated), ("cases", "rater", [*rated, ("ratings", "rater")])):
        frame = tables[table]
        if frame.empty or not above:
            continue
        parts = [tables[t][["year", "region", p]].rename(columns={p: who}) for t, p in known]
        home = pd.concat(parts).dropna().drop_duplicates().rename(columns={"region": "_home"})
        home = home[~home.duplicated(["year", who], keep=False)]
        found = frame.merge(home, on=["year", who], how="left")["_home"]
        moves = (found.map(above) == frame["region"]).to_numpy()
        tables[table] = frame.assign(region=frame["region"].mask(moves, found))


def _astray(session: Session, tables: dict[str, pd.DataFrame]) -> None:
    """Note what joins nothing: achievements of people, and example cases, that no table of that region and year knows.

    No audit sees them. Achievements without a percentage (no positive target) and raters of cases who rate nobody are
    noted too.
    """
    cases, cell = tables["cases"], ["region", "year"]
    people = [tables[t][[*cell, p]].set_axis([*cell, "person"], axis=1) for t, p in _NAMED]
    known = pd.MultiIndex.from_frame(pd.concat(people).dropna().drop_duplicates())
    done = tables["achievements"]
    alone = done["person"].notna() & ~pd.MultiIndex.from_frame(done[[*cell, "person"]]).isin(known)
    session.note("W512", done, "person", alone & bool(len(known)))
    session.note("W513", done, "target", done["target"] <= 0, shown=True)
    rated = pd.concat([tables[t][cell] for t in ("ratings", "appraisals")])
    if cases.empty or rated.empty:  # a file of cases may be checked alone
        return
    outside = ~pd.MultiIndex.from_frame(cases[cell]).isin(pd.MultiIndex.from_frame(rated.drop_duplicates()))
    session.note("W507", cases, "case", pd.Series(outside, index=cases.index))
    known = pd.concat([tables["ratings"]["rater"], tables["appraisals"]["supervisor"]]).dropna().unique()
    unknown = ~outside & cases["rater"].notna() & ~cases["rater"].isin(known)
    session.note("N511", cases, "rater", unknown & bool(len(known)))


def _of_agencies(session: Session, tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the units, those without an agency with the only one that has a unit of that name.

    Units whose name several agencies share, or other agencies only, are noted unless they name their leader.
    """
    units, place = tables["units"], ["region", "unit"]
    frames = [tables[t][[*place, "opd"]] for t in ("ratings", "appraisals", "employees")]
    known = pd.concat(frames).dropna().drop_duplicates()
    only = known.drop_duplicates(place, keep=False).rename(columns={"opd": "_only"})
    units = units.assign(opd=units["opd"].fillna(units.merge(only, on=place, how="left")["_only"]))
    index = pd.MultiIndex.from_frame
    unit, both = (index(units[n]).isin(index(known[n])) for n in (place, [*place, "opd"]))
    session.note("W510", units, "unit", units["leader"].isna() & unit & ~both)
    return units


def _note_merged(session: Session, table: str, gone: pd.DataFrame, reason: str) -> None:
    for number, rows in gone.groupby("_b"):
        session.set_aside(int(number), table, np.unique(rows["_i"].to_numpy()), reason)  # type: ignore[call-overload]


def _latest(session: Session, frame: pd.DataFrame) -> pd.DataFrame:
    """Keep one row per person, period and region: the latest SKP; acting rows stay beside.

    Later is decided by the end of the SKP, then by the time of rating. Equal rows are one row; rows that differ
    without telling which is later keep the last one, with a warning; two results of one post are an error.
    """
    if frame.empty:
        return frame
    frame = frame.assign(**{name: pd.NaT for name in ("until", "created") if name not in frame})
    plain = frame[~frame["acting"].astype(bool) & frame[["person", "period"]].notna().all(axis=1)]
    group = ["period", "region", "person"]
    several = plain[plain.duplicated(group, keep=False)]
    same = several.duplicated(several.columns.difference(["_b", "_i"]), keep="first")
    _repeated(session, "appraisals", several[same], "person")
    rest = several[~same]
    rest = rest.sort_values([*group, *LATER, "_b", "_i"], na_position="first", kind="stable")
    last = ~rest.duplicated(group, keep="last")
    older = rest[~last]
    tied = rest.duplicated([*group, *LATER], keep=False)
    clash = _contradicted(session, rest, group)
    session.note("W504", rest, "person", tied & ~last & ~clash)
    session.note("N501", rest, "person", ~tied & ~last)
    _note_merged(session, "appraisals", older, "merged:transfer")
    keep = ~frame.index.isin([*several.index[same], *older.index])
    return _unique(session, "appraisals", frame[keep].reset_index(drop=True))


def _contradicted(session: Session, rest: pd.DataFrame, group: list[str]) -> pd.Series:
    """Note the latest rows of one person, unit, post and supervisor that tell two results, and return which they are.

    Neither a transfer nor a date explains them, as of a corrected file beside the old one: which one counts is not
    guessed. ``rest`` is in the order of ``LATER``.
    """
    own = [*group, "supervisor"]
    found = pd.Series(False, index=rest.index)
    if rest.empty:
        return found
    at = rest.groupby([*own, *LATER], dropna=False, sort=False).ngroup()
    newest = at == at.groupby([rest[n] for n in own], dropna=False).transform("max")
    alike = rest[newest].groupby([*own, "unit", "opd", "post", *LATER], dropna=False)
    for name in (n for n in _TOLD if n in rest):
        odd = (alike[name].transform("nunique") > 1).reindex(rest.index, fill_value=False)
        session.note("E514", rest, name, odd & ~found, shown=True)
        found |= odd
    return found


def _only_acting(session: Session, frame: pd.DataFrame) -> None:
    """Note acting rows of people without a row of their own post: nothing else counts them."""
    acting, who = frame["acting"].astype(bool), ["period", "region", "person"]
    if not acting.any():
        return
    own = pd.MultiIndex.from_frame(frame.loc[~acting, who])
    alone = acting & frame["person"].notna() & ~pd.MultiIndex.from_frame(frame[who]).isin(own)
    session.note("W506", frame, "acting", alone)


def _listed(session: Session, frame: pd.DataFrame) -> pd.DataFrame:
    """Add the employees of a "Laporan SKP" whom no rating export of that year names; the others are merged.

    They stand in the period that counts in that region and year: the annual one, else the latest. Of the others whom an
    export leaves unrated there without a reason, the list tells why.
    """
    parts = session.parts.get("skp_list", [])
    if not parts:
        return frame
    listed = session.regions.move(_complete("appraisals", pd.concat(parts, ignore_index=True)))
    cell, who = ["year", "region"], ["year", "region", "person"]
    listed = listed.sort_values([*who, "until"], na_position="first", kind="stable") if "until" in listed else listed
    named = pd.MultiIndex.from_frame(listed[who]).isin(pd.MultiIndex.from_frame(frame[who]))
    own = ~listed["acting"].astype(bool) & listed["person"].notna()
    older = own & ~named & listed[own & ~named].duplicated(who, keep="last").reindex(listed.index, fill_value=False)
    _note_merged(session, "appraisals", listed[named], "merged:listed")
    _note_merged(session, "appraisals", listed[older], "merged:transfer")
    frame = _why(frame, listed[own & named].drop_duplicates(who, keep="last"), who)
    aside = listed[~own & ~named]
    for number, rows in aside.groupby("_b"):
        session.set_aside(int(number), "appraisals", rows["_i"].to_numpy(), "acting")  # type: ignore[call-overload]
    counted = annual_or_latest(frame)[[*cell, "period"]].drop_duplicates(cell)
    new = listed[own & ~named & ~older]
    period = new[cell].merge(counted, on=cell, how="left")["period"].set_axis(new.index)
    return pd.concat([frame, new.assign(period=period.fillna(new["year"].astype("str")))], ignore_index=True)


def _why(frame: pd.DataFrame, listed: pd.DataFrame, who: list[str]) -> pd.DataFrame:
    """Give rows without rating and reason, in the period that counts, the status and reason of the list."""
    told = listed.set_index(who)[["status", "reason"]]
    at = told.index.get_indexer(pd.MultiIndex.from_frame(frame[who]))
    counted = pd.MultiIndex.from_frame(annual_or_latest(frame)[["year", "region", "period"]].drop_duplicates())
    here = pd.MultiIndex.from_frame(frame[["year", "region", "period"]]).isin(counted) & (at >= 0)
    bare = here & frame["status"].eq("not_rated") & frame["reason"].isna() & ~frame["acting"].astype(bool)
    return frame.assign(**{n: frame[n].mask(bare, told[n].array.take(at, allow_fill=True)) for n in told})


def _elsewhere(session: Session, frame: pd.DataFrame) -> pd.DataFrame:
    """Add whoever has a row of the year, but none in the period that counts, as not rated there ("other_period").

    The added row is that person's latest of another period without its result; an exclusion told there stays.
    """
    cell, who = ["year", "region"], ["year", "region", "person"]
    known = frame[frame[[*who, "period"]].notna().all(axis=1)]
    if session.log.failed or not known[[*cell, "period"]].drop_duplicates().duplicated(cell).any():
        return frame
    counted, own = annual_or_latest(known), known[~known["acting"].astype(bool)]
    here = pd.MultiIndex.from_frame(counted.loc[~counted["acting"].astype(bool), who])
    last = own[~pd.MultiIndex.from_frame(own[who]).isin(here)].sort_values("period", kind="stable")
    last = last.drop_duplicates(who, keep="last")
    period = last[cell].merge(counted.drop_duplicates(cell), on=cell, how="left")["period"].set_axis(last.index)
    gone = last["status"] != "excluded"
    for _, rows in last[gone].groupby("_b"):
        each = rows["opd"].fillna("–").value_counts()
        names = [f"{name} ({n})" for name, n in each.items()]
        told = "; ".join([*names[:MANY], *(["…"] if len(names) > MANY else [])])
        other, counts = (", ".join(sorted(p.unique())) for p in (rows["period"], period[rows.index]))
        session.note("W511", rows, "person", gone[rows.index], opds=told, other=other, counts=counts)
    added = last.drop(columns=["predikat", "number", "rated_at", *INNER[2:]], errors="ignore").assign(
        period=period, status=last["status"].where(~gone, "not_rated"), reason=last["reason"].where(~gone, ELSEWHERE)
    )
    return pd.concat([frame, added], ignore_index=True)


def _repeated(session: Session, table: str, gone: pd.DataFrame, name: str, told: pd.Series | None = None) -> None:
    """Note equal rows, but those whose row is ``told`` of otherwise, and count them."""
    if len(gone):
        session.note("W502", gone, name, pd.Series(True, index=gone.index) if told is None else ~told)
        _note_merged(session, table, gone, "merged:duplicate")


def _unique(session: Session, table: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Keep one row per key; equal rows are merged, rows that differ are a problem.

    An acting row stands beside the person's own, a rating of the export beside one of a 360 sheet. Two ratings of
    one supervisor for one employee in an export (a transfer inside the team): the later one counts, told of as an
    appraisal.
    """
    if frame.empty:
        return frame
    official = _exported(session, frame)
    names = [*key(table), *(["acting"] if table == "appraisals" else [])]
    group = frame[names].assign(_official=official) if table == "ratings" else frame[names]
    group = group[[n for n in group if not (group[n] == group[n].iloc[0]).fillna(False).all()] or names[:1]]
    known = frame[[n for n in names if n not in ("rater", "post", "aspect", "opd")]].notna().all(axis=1)
    if table == "ratings":  # two raters who are not named are not one (each was noted)
        known &= official | frame["rater"].notna()
    repeated = known & group.duplicated(keep=False)
    if not repeated.any():
        return frame
    who = next(n for n in ("ratee", "person", "unit", "case") if n in frame)
    several = frame[repeated]
    order = [n for n in LATER if n in several]
    several = several.sort_values([*order, "_b", "_i"], na_position="first", kind="stable") if order else several
    content = [c for c in frame.columns if c not in INNER]
    if table == "ratings":
        content = [*names, "score", "scale_min", "scale_max"]
    same = several.duplicated(content, keep="first")
    if table == "ratings":  # rows of an export are equal only with all their dates, as the appraisals they also are
        same &= several.duplicated([*content, *order], keep="first") | ~official[several.index]
    told = official[several.index[same]] & (table == "ratings")  # an export's row is told of as an appraisal
    rest = several[~same]
    keys = group.loc[rest.index]
    mergeable = official[rest.index] & (table == "ratings")
    clash = keys.duplicated(keep=False) & ~mergeable
    at = pd.MultiIndex.from_frame(several[["_b", "_i"]])  # a wide row that clashes in one criterion is no equal one
    told |= pd.Series(at.isin(at[several.index.isin(rest.index[clash])]), several.index)[same]
    _repeated(session, table, several[same], who, told)
    session.note("E507", rest, who, clash)
    earlier = mergeable & keys.duplicated(keep="last")
    _note_merged(session, table, rest[earlier], "merged:transfer")
    return frame.drop(index=several.index[same].union(rest.index[earlier])).reset_index(drop=True)


def _exported(session: Session, frame: pd.DataFrame) -> pd.Series:
    kinds = np.array([layout.kind == "ekinerja" for layout in session.layouts])
    return pd.Series(kinds[frame["_b"].to_numpy()], index=frame.index)


def accounting(session: Session, tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the row accounting: read = kept + merged + set aside, one line per reason.

    A row counts as kept when at least one row of the table comes from it; lines of a text file with another number
    of fields count as unreadable.
    """
    lines = []
    for (number, table), fate in sorted(session.fates.items()):
        block = session.blocks[number]
        kept = np.zeros(len(block), dtype=bool)
        if table in tables:
            own = tables[table]
            kept[own.loc[own["_b"] == number, "_i"].to_numpy(dtype=np.int64)] = True
        counts = {"": int(kept.sum()), "left_out" if number in session.left else "unreadable": block.refused}
        for code, n in enumerate(np.bincount(fate[~kept])):
            reason = session.reasons[code] or "unreadable"
            counts[reason] = counts.get(reason, 0) + int(n)
        for reason, n in sorted((r, n) for r, n in counts.items() if n or not r):
            merged = reason.startswith("merged:")
            lines.append(
                (block.file, block.sheet, table, n, n if reason == "" else 0, n if merged else 0,
                 n if reason and not merged else 0, reason.removeprefix("merged:"))
            )  # fmt: skip
    return pd.DataFrame(lines, columns=ACCOUNTING)


def balance(session: Session, accounting: pd.DataFrame, tables: dict[str, pd.DataFrame], ok: bool) -> None:
    """Raise ``RowsLost`` unless every body row of every sheet has its place in the accounting.

    For each file, sheet and table: rows = kept + merged + set aside, their sum is the number of body rows, and, where
    the input is in order (``ok``), kept is the number of rows that the delivered tables come from, every row that is
    not kept has a reason of its own, and every kept one a year, period and region: without them no audit sees it.
    """
    sums = accounting.groupby(["file", "sheet", "table"])[ACCOUNTING[3:7]].sum()
    expected = {(i, table_of(layout.kind)) for i, layout in enumerate(session.layouts)} | set(session.fates)
    delivered = {t: f[["_b", "_i"]].dropna().drop_duplicates()["_b"].value_counts() for t, f in tables.items() if ok}
    for number, table in sorted(expected):
        block = session.blocks[number]
        where = (block.file, block.sheet, table)
        count, kept, merged, aside = (int(n) for n in sums.loc[where]) if where in sums.index else (0, 0, 0, 0)
        body, told = len(block) + block.refused, kept + merged + aside
        got = int(delivered[table].get(number, 0)) if table in delivered else kept
        if not count == told == body or kept != got:
            place = f"file {block.file}, sheet {block.sheet}, {table}"
            raise RowsLost(f"{place}: {body} body rows, {count} counted, {told} told, {got} delivered")
    for table, frame in tables.items() if ok else ():
        if frame[frame.columns.intersection(["year", "period", "region"])].isna().any(axis=None):
            raise RowsLost(f"{table}: rows without year, period or region")
    if ok and (accounting["reason"] == "unreadable").any():
        raise RowsLost(f"{int((accounting['reason'] == 'unreadable').sum())} sheets with rows lost without a problem")


def rows_read(session: Session) -> int:
    """Return the number of data rows read, each counted once."""
    blank = session.reasons.index("blank")
    filled = [int((session.fate(i, table_of(a.kind)) != blank).sum()) for i, a in enumerate(session.layouts)]
    return sum(filled) + sum(block.refused for block in session.blocks)
