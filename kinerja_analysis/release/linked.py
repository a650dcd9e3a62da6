"""The counts of persons of one region and year as linked tables: agency x employment x predikat, and all its sums.

The smallest parts are persons of one agency, employment and outcome. Head counts, predikat, examined, not rated,
coverage and checks are sums of them or stand beside them; the same sum in two tables is one count, printed alike.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from kinerja_analysis.base.tables import ELSEWHERE, PREDIKAT
from kinerja_analysis.release.attacker import Floats, Ints

UNSTATED = "-"  #: the agency of rows that tell none: no name that is read can be a dash
BELOW = "DI BAWAH BAIK"
LOW = PREDIKAT[:3]
CLASSES = (BELOW, *PREDIKAT[3:])
STATUS = ("not_rated", "no_skp", "excluded")
OUTCOMES = (*CLASSES, "none", *STATUS)
Form = Counter[int]


@dataclass
class Book:
    """Counts, how they are made of parts, and where they are printed."""

    values: list[int] = field(default_factory=list)
    forms: dict[frozenset[tuple[int, int]], int] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    kept: list[bool] = field(default_factory=list)
    withheld: list[bool] = field(default_factory=list)
    zeros: list[bool] = field(default_factory=list)
    places: list[tuple[str, int, str, int]] = field(default_factory=list)

    def part(self, value: int) -> Form:
        """Return a new smallest part."""
        self.values.append(int(value))
        return Counter({len(self.values) - 1: 1})

    def value(self, form: Form) -> int:
        """Return a form's count."""
        return sum(self.values[p] * k for p, k in form.items())

    def put(
        self, place: tuple[str, int, str], form: Form, told: int, name: str, *,
        kept: bool = False, withheld: bool = False, zero: bool = False,
    ) -> None:  # fmt: skip
        """Print a count at a place (frame, row, column); one that its form does not give stands for itself."""
        if self.value(form) != told:
            form = self.part(told)
        key = frozenset((p, k) for p, k in form.items() if k)
        cell = self.forms.setdefault(key, len(self.forms))
        if cell == len(self.names):
            self.names.append(name)
            self.kept.append(kept)
            self.withheld.append(withheld)
            self.zeros.append(zero)
        else:
            self.kept[cell] |= kept
            self.withheld[cell] |= withheld
            self.zeros[cell] &= zero
        self.places.append((*place, cell))

    def matrix(self) -> Floats:
        """Return the counts' forms, one row per count."""
        out = np.zeros((len(self.forms), len(self.values)))
        for form, cell in self.forms.items():
            for p, k in form:
                out[cell, p] = k
        return out

    def truth(self) -> Ints:
        """Return the counts themselves."""
        return np.rint(self.matrix() @ np.array(self.values, float)).astype(np.int64)


def total(forms: list[Form]) -> Form:
    """Return the sum of forms."""
    out: Form = Counter()
    for form in forms:
        out.update(form)
    return out


def less(whole: Form, *parts: Form) -> Form:
    """Return a form without others."""
    out: Form = Counter(whole)
    for part in parts:
        out.subtract(part)
    return out


def linked(counts: Mapping[str, pd.DataFrame], smallest: int, raters: int, dominance: int) -> tuple[
    Book, dict[str, pd.DataFrame]
]:  # fmt: skip
    """Return the book of one region and year and the public frames it is printed in (still with the true counts).

    Parameters
    ----------
    counts : mapping of DataFrame
        An internal audit's frames of one cell.
    smallest, raters, dominance : int
        Persons and raters a row must have, and the largest share (percent) of one rater.
    """
    book, frames = Book(), {}
    counts = {k: f.replace({"opd": {"": UNSTATED}}) if "opd" in f else f for k, f in counts.items()}
    heads = counts["headcount"].reset_index(drop=True)
    values = heads[[*PREDIKAT[3:], *STATUS]].assign(**{BELOW: heads[list(LOW)].sum(axis=1)})
    values["none"] = heads["total"] - values.sum(axis=1)
    parts = [{c: book.part(int(values.at[i, c])) for c in OUTCOMES} for i in heads.index]
    frames["headcount"] = _headcount(book, heads, parts, counts.get("raters"), smallest, raters, dominance)
    region = {c: total([p[c] for p in parts]) for c in OUTCOMES}
    everyone, rated = total(list(region.values())), total([region[c] for c in (*CLASSES, "none")])
    frames["predikat"] = _predikat(book, counts["predikat"], region)
    sums = {"n_persons": everyone, "n_rated": rated, **{f"n_{c}": region[c] for c in STATUS}}
    frames["examined"] = counts["examined"].reset_index(drop=True)
    other = _other_period(book, counts)
    if "n_other_period" in frames["examined"]:
        sums["n_other_period"] = total(list(other.values()))
    for i, r in frames["examined"].iterrows():
        for name, form in sums.items():
            own = form if r["kind"] == "ekinerja" else book.part(int(r[name]))
            told, exact = f"examined|{r['kind']}|{name}", name == "n_other_period"
            book.put(("examined", int(i), name), own, int(r[name]), told, kept=True, zero=exact)  # type: ignore[call-overload]
    behind = {**{c: region[c] for c in CLASSES}, "n": total([region[c] for c in CLASSES]),
              "waiting": total([region["not_rated"], region["none"]])}  # fmt: skip
    for name, form in behind.items():
        book.put(("shares", 0, name), form, book.value(form), f"shares|{name}", kept=True)
    if "checks" in counts:
        agencies = {str(o): [parts[i] for i in rows] for o, rows in heads.groupby("opd").groups.items()}
        frames |= _quality(book, counts, agencies, smallest, everyone, rated, other)
    return book, frames


def _headcount(
    book: Book, heads: pd.DataFrame, parts: list[dict[str, Form]], teams: pd.DataFrame | None, smallest: int,
    raters: int, dominance: int,
) -> pd.DataFrame:  # fmt: skip
    """Return the rows of agencies, the small ones merged; predikat of few raters or of one class withheld."""
    names = ["total", *CLASSES, *STATUS]
    merged = heads.assign(
        opd=heads["opd"].where(heads["total"] >= smallest, ""), **{BELOW: heads[list(LOW)].sum(axis=1)}
    ).drop(columns=list(LOW))
    few = _few(heads, teams, raters, dominance)
    out = []
    for i, ((opd, employment), rows) in enumerate(merged.groupby(["opd", "employment"])):
        whole = {c: total([parts[r][c] for r in rows.index]) for c in OUTCOMES}
        told = rows[names].sum()
        given = told[list(CLASSES)]
        hide = bool(few[rows.index].all()) or int((given > 0).sum()) == 1
        for name in names:
            form = total(list(whole.values())) if name == "total" else whole[name]
            book.put(("headcount", i, name), form, int(told[name]), f"headcount|{opd}|{employment}|{name}",
                     withheld=hide and name in CLASSES)  # fmt: skip
        out.append({**rows.iloc[0][["region", "year"]], "opd": opd, "employment": employment, **told})
    columns = ["region", "year", "opd", "employment", *(c for c in merged.columns if c in names)]
    return pd.DataFrame(out, columns=[*columns, *(c for c in names if c not in columns)])


def _few(heads: pd.DataFrame, teams: pd.DataFrame | None, raters: int, dominance: int) -> pd.Series:
    """Return which rows have few raters or one who gave more than ``dominance`` percent; all where it is unknown."""
    if teams is None:
        return pd.Series(True, index=heads.index)
    found = heads[["opd", "employment"]].merge(teams, on=["opd", "employment"], how="left")
    share = 100 * found["largest"] / found["n"].where(found["n"] > 0)
    return ~((found["n_raters"] >= raters) & (share <= dominance))


def _predikat(book: Book, frame: pd.DataFrame, region: Mapping[str, Form]) -> pd.DataFrame:
    name = frame["predikat"].where(~frame["predikat"].isin(LOW), BELOW)
    out = frame.assign(predikat=name).groupby(["region", "year", "predikat"], as_index=False)["n"].sum()
    for i, r in out.iterrows():
        place = ("predikat", int(i), "n")  # type: ignore[call-overload]
        book.put(place, region[r["predikat"]], int(r["n"]), f"predikat|{r['predikat']}", kept=True)
    return out


def _quality(
    book: Book, counts: Mapping[str, pd.DataFrame], agencies: Mapping[str, list[dict[str, Form]]], smallest: int,
    everyone: Form, rated: Form, other: Mapping[str, Form],
) -> dict[str, pd.DataFrame]:  # fmt: skip
    """Return who is not rated and coverage by agency (small ones merged), sources and checks of the region."""
    sizes = counts["coverage"].drop_duplicates(["opd", "unit"]).groupby("opd")["n"].sum()
    small = set(sizes.index[sizes < smallest])
    head = counts["coverage"].iloc[0][["region", "year"]].to_dict() if len(counts["coverage"]) else {}
    own = {o: total([f for p in rows for f in p.values()]) for o, rows in agencies.items()}
    both = (counts["sources"].loc[counts["sources"]["source"] != "ekinerja", "rated"] > 0).any()
    extra = {o: book.part(max(0, int(n) - sum(book.values[p] for p in own.get(o, {})))) if both else Counter()
             for o, n in sizes.items()}  # fmt: skip
    present = {o: total([own.get(o, Counter()), extra[o]]) for o in sizes.index}
    whole = total(list(present.values()))
    unrated: list[dict[str, object]] = []
    coverage: list[dict[str, object]] = []
    given = counts["unrated"].groupby(["opd", "reason"])["n"].sum()
    reached = counts["coverage"].groupby(["opd", "source"], sort=False)[["n", "rated", "pairs"]].sum()
    by_source: dict[str, list[Form]] = {}
    for opd in ["", *sorted({*sizes.index} - small - {""})]:
        mine = [o for o in sizes.index if o == opd or (opd == "" and o in small)]
        if not mine:
            continue
        rows = [p for o in mine for p in agencies.get(o, [])]
        told = given[given.index.get_level_values("opd").isin(mine)].groupby("reason").sum()
        elsewhere = total([other[o] for o in mine if o in other]) if other else None
        for reason, n, form in _reasons(book, rows, told, elsewhere):
            book.put(("unrated", len(unrated), "n"), form, n, f"unrated|{opd}|{reason}")
            unrated.append({**head, "opd": opd, "reason": reason, "n": n})
        cover = reached[reached.index.get_level_values("opd").isin(mine)].groupby("source", sort=False).sum()
        for source, r in cover.iterrows():
            form = total([p[c] for p in rows for c in (*CLASSES, "none")])
            if source != "ekinerja" or book.value(form) != r["rated"]:
                form = book.part(int(r["rated"]))
            by_source.setdefault(str(source), []).append(form)
            size = total([present[o] for o in mine])  # one rater each: as many pairs as rated, and the same count
            for name, f in (("n", size), ("rated", form), ("pairs", _pairs(book, form, int(r["pairs"])))):
                place = ("coverage", len(coverage), name)
                book.put(place, f, int(r[name]), f"coverage|{opd}|{source if name != 'n' else ''}|{name}",
                         zero=name != "n")  # fmt: skip
            coverage.append({**head, "opd": opd, "source": source, **r})
    plain = ["region", "year", "opd"]
    return {
        "unrated": pd.DataFrame(unrated, columns=[*plain, "reason", "n"]),
        "coverage": pd.DataFrame(coverage, columns=[*plain, "source", "n", "rated", "pairs"]),
        "sources": _sources(book, counts["sources"].reset_index(drop=True), by_source, whole),
        "checks": _checks(book, counts["checks"].reset_index(drop=True), everyone, rated, whole),
    }


def _pairs(book: Book, rated: Form, pairs: int) -> Form:
    return rated if book.value(rated) == pairs else book.part(pairs)


def _sources(book: Book, frame: pd.DataFrame, by_source: Mapping[str, list[Form]], whole: Form) -> pd.DataFrame:
    for i, r in enumerate(frame.to_dict("records")):
        reach = total(by_source.get(r["source"], []))
        for name, form in (("n", whole), ("rated", reach), ("pairs", _pairs(book, reach, int(r["pairs"])))):
            book.put(("sources", i, name), form, int(r[name]), f"sources|{r['source']}|{name}", kept=True,
                     zero=name != "n")  # fmt: skip
    return frame


def _checks(book: Book, frame: pd.DataFrame, everyone: Form, rated: Form, whole: Form) -> pd.DataFrame:
    """Enter k of n: who is not rated is the rest of the head count, its zero hidden; others stand for themselves."""
    bases = {"not_rated": everyone, **dict.fromkeys(("both", "no_second", "no_achievements"), whole)}
    bases |= dict.fromkeys(("no_supervisor", "own_supervisor", "contradiction", "wide_span", "batch_ekinerja"), rated)
    for i, r in enumerate(frame.to_dict("records")):
        name = str(r["measure"])
        rest = name == "not_rated"
        size = bases[name] if name in bases else book.part(int(r["n"]))
        part = less(everyone, rated) if rest else size if r["k"] == r["n"] > 0 else book.part(int(r["k"]))
        book.put(("checks", i, "k"), part, int(r["k"]), f"checks|{name}|k", kept=True, zero=not rest)
        book.put(("checks", i, "n"), size, int(r["n"]), f"checks|{name}|n", kept=True, zero=True)
    return frame


def _other_period(book: Book, counts: Mapping[str, pd.DataFrame]) -> dict[str, Form]:
    """Return by agency who has a row in another period only than the one that counts: a part of who is not rated."""
    frame = counts["unrated"] if "unrated" in counts else pd.DataFrame(columns=["opd", "reason", "n"])
    each = frame[frame["reason"] == ELSEWHERE].groupby("opd")["n"].sum()
    return {str(o): book.part(int(n)) for o, n in each.items()}


def _reasons(
    book: Book, rows: list[dict[str, Form]], told: pd.Series, other: Form | None
) -> list[tuple[str, int, Form]]:
    """Return per reason the count and its form; the reasons of exclusions are one: that there is one can hurt.

    Who is in ``other`` periods only is told where the region has any.
    """
    named = {r: int(told.get(r, 0)) for r in ("rated", "not_rated", "draft", "no_skp")}
    forms = {
        "rated": total([p[c] for p in rows for c in (*CLASSES, "none")]),
        "not_rated": book.part(named["not_rated"]),
        "draft": book.part(named["draft"]),
        "no_skp": total([p["no_skp"] for p in rows]),
    }
    if other is not None:
        named[ELSEWHERE], forms[ELSEWHERE] = int(told.get(ELSEWHERE, 0)), other
    absent = total([p[c] for p in rows for c in ("not_rated", "excluded")])
    forms["excluded"] = less(absent, forms["not_rated"], forms["draft"], other or Counter())
    named["excluded"] = int(told.sum()) - sum(named.values())
    if not rows:  # an agency that the head counts do not know
        forms = {r: book.part(n) for r, n in named.items()}
    return [(r, n, forms[r]) for r, n in named.items()] if rows or len(told) else []
