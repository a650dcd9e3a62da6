"""Small cells on which every detector is held to the contract: simulated worlds, and what can be missing in them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.results import Finding, Result
from kinerja_analysis.base.tables import OF_ACTING, TABLES, Tables, conform, data_kind, empty
from kinerja_analysis.detect import INDEX, REGISTRY, run_detector
from kinerja_analysis.detect.context import Context
from kinerja_analysis.detect.contract import Threshold
from kinerja_analysis.detect.design import design_of
from kinerja_analysis.score import score
from kinerja_analysis.simulate import simulate

YEAR = 2025
#: The detectors, and the index, which keeps the same contract.
EVERY = (*REGISTRY, INDEX)
PERSONS = {
    "ratings": ("ratee", "rater"),
    "appraisals": ("person", "supervisor"),
    "employees": ("person", "supervisor"),
    "achievements": ("person",),
    "units": ("leader",),
    "cases": ("rater",),
}
KEYS = ["measure", "subject_kind", "scope", "subject", "code", "unit", "method", "status"]
NUMBERS = ["n", "value", "lower", "upper", "level", "threshold", "p_value", "p_adjusted"]
Change = Callable[[Tables], Tables]


# --- worlds: simulated, nothing taken away ---------------------------------------------------------------------


@cache
def world(scenario: str, size: int, *, region: str | None = None, years: tuple[int, ...] = (YEAR,)) -> Tables:
    """Return a simulated world; the tables are never changed in place."""
    return simulate(None if region is None else [region], years, scenario=scenario, size=size, seed=11).tables


WORLDS: dict[str, Callable[[], Tables]] = {
    "clean": lambda: world("clean", 220),
    "quarters": lambda: world("demo", 300, region="13.71.09"),
    "five_points": lambda: world("demo", 300, region="76.02"),
    "own_group": lambda: world("favoritisme", 2500),
    "linked": lambda: linked(world("halo", 300)),
    "all_good": lambda: world("lunak", 300),
    "faults": lambda: world("data_rusak", 300),
    "planted": lambda: planted(world("clean", 500)),
    "three_years": lambda: world("demo", 500, region="93.01", years=(2023, 2024, YEAR)),
}


# --- what is taken away, or made the same ----------------------------------------------------------------------


def official(ratings: pd.DataFrame) -> pd.Series:
    """Tell which rows are the supervisor's two ratings of the export."""
    return data_kind(ratings) == "ekinerja"


def keep_ratings(tables: Tables, keep: pd.Series) -> Tables:
    """Keep some ratings, and the appraisals of the export rows that are kept."""
    ratings = tables.ratings[keep].reset_index(drop=True)
    rows = tables.appraisals["row"].isin(ratings["row"])
    return replace(tables, ratings=ratings, appraisals=tables.appraisals[rows].reset_index(drop=True))


def nothing(tables: Tables) -> Tables:
    """No row in any table."""
    return replace(tables, **{name: empty(name) for name in TABLES})


def blank(table: str, *columns: str) -> Change:
    """Return a change that empties columns of a table."""

    def change(tables: Tables) -> Tables:
        frame = getattr(tables, table)
        return replace(
            tables, **{table: frame.assign(**{c: pd.Series(None, frame.index, frame[c].dtype) for c in columns})}
        )

    return change


def drop_criterion(*names: str) -> Change:
    """Return a change after which nobody was rated on some criteria."""

    def change(tables: Tables) -> Tables:
        ratings = tables.ratings[~tables.ratings["criterion"].isin(names)]
        return replace(tables, ratings=ratings.reset_index(drop=True))

    return change


def few_people(tables: Tables, *, people: int = 3) -> Tables:
    """Three employees of one supervisor and all who rate them: below every minimum."""
    ratings = tables.ratings
    both = ratings.loc[~official(ratings), "ratee"]
    team = ratings[official(ratings) & ratings["ratee"].isin(both)]
    first = team["rater"].value_counts().sort_index().idxmax()
    chosen = sorted(team.loc[team["rater"] == first, "ratee"].unique())[:people]
    return keep_ratings(tables, ratings["ratee"].isin(chosen))


def one_rater(tables: Tables) -> Tables:
    """The ratings of one supervisor, in the export and in the multi-source part, and nobody else's."""
    ratings = tables.ratings
    supervisors = ratings[ratings["source"] == "supervisor"]
    scored = supervisors.loc[~official(supervisors), "rater"].unique()
    team = supervisors[supervisors["rater"].isin(scored)]["rater"].value_counts()
    return keep_ratings(tables, (ratings["rater"] == team.sort_index().idxmax()) & (ratings["source"] == "supervisor"))


def one_subordinate(tables: Tables) -> Tables:
    """Every rater rates one employee only (in each kind of data)."""
    ratings = tables.ratings
    head = ratings.assign(official=official(ratings)).sort_values(["ratee", "row"])
    first = head.drop_duplicates(["official", "rater"])[["official", "rater", "ratee"]]
    kept = head.reset_index().merge(first, on=["official", "rater", "ratee"])["index"]
    return keep_ratings(tables, ratings.index.isin(kept))


def constant(tables: Tables) -> Tables:
    """Everybody gets the same: 2 of 3 in the export, 80 of 100 elsewhere, Baik for all."""
    ratings = tables.ratings
    span = ratings["scale_max"] - ratings["scale_min"]
    same = pd.Series(np.where(official(ratings), 2.0, ratings["scale_min"] + 0.8 * span), ratings.index)
    posts = tables.appraisals
    good = posts["predikat"].mask(posts["predikat"].notna(), "BAIK")
    levels = {c: posts[c].mask(posts[c].notna(), 2.0) for c in OF_ACTING}
    return replace(tables, ratings=ratings.assign(score=same), appraisals=posts.assign(predikat=good, **levels))


def constant_raters(tables: Tables) -> Tables:
    """Every rater gives one score to all employees on all criteria; raters differ."""
    ratings = tables.ratings
    first = ratings.sort_values(["row", "criterion"]).groupby(["rater", official(ratings)])["score"].first()
    index = pd.MultiIndex.from_arrays([ratings["rater"], official(ratings)])
    return replace(tables, ratings=ratings.assign(score=first.reindex(index).to_numpy()))


def planted(tables: Tables) -> Tables:
    """One supervisor 30 points above and one below the scores, three who copy, and women above men everywhere.

    The first is 30 points above on example cases too, which every supervisor rated. Scores are rounded to twenties, so
    that honest raters repeat themselves too.
    """
    ratings, employees = tables.ratings, tables.employees
    many = ratings[(ratings["source"] == "supervisor") & ~official(ratings)]["rater"].value_counts()
    high, low, *copiers = many.sort_index().sort_values(ascending=False, kind="stable").index[:5]
    mine = ~official(ratings) & (ratings["source"] == "supervisor")
    shift = 30 * (mine & (ratings["rater"] == high)) - 30 * (mine & (ratings["rater"] == low)).astype(float)
    score = ratings["score"].where(official(ratings), 20 * (ratings["score"] / 20).round())
    score = (score + shift).clip(ratings["scale_min"], ratings["scale_max"])
    ladder = pd.Series(60.0 + 20 * (pd.factorize(ratings["criterion"], sort=True)[0] % 3), ratings.index)
    score = score.mask(mine & ratings["rater"].isin(copiers), ladder)
    women = set(employees.loc[employees["sex"] == "female", "person"])
    lucky = ratings["ratee"].isin(women) & (ratings["row"].str[-1].isin(list("02468")))
    score = score.mask(official(ratings) & lucky, 3.0)
    rows = set(ratings.loc[official(ratings) & lucky, "row"])
    best = tables.appraisals["predikat"].mask(tables.appraisals["row"].isin(rows), "SANGAT BAIK")
    return replace(tables, ratings=ratings.assign(score=score), appraisals=tables.appraisals.assign(predikat=best),
                   cases=example_cases(ratings, sorted(many.index), high))  # fmt: skip


def example_cases(ratings: pd.DataFrame, raters: list[str], high: str) -> pd.DataFrame:
    """Seven cases on 0 to 100, rated by every rater; one rates them 30 points higher."""
    drawn = np.random.default_rng(6).normal(0, 5, (7, len(raters))) + np.linspace(25, 65, 7)[:, None]
    drawn += 30.0 * (np.array(raters) == high)
    case, rater = (code.ravel() for code in np.indices(drawn.shape))
    head = {"year": YEAR, "period": str(YEAR), "region": ratings["region"].iloc[0], "criterion": "kasus"}
    rows = pd.DataFrame({"case": [f"Contoh {k}" for k in case], "rater": np.array(raters)[rater],
                         "score": drawn.ravel().round(1), "row": [f"8:1:{i}" for i in range(drawn.size)]})  # fmt: skip
    return conform("cases", rows.assign(scale_min=0.0, scale_max=100.0, **head))


def linked(tables: Tables) -> Tables:
    """Peers rate employees of any unit: every peer rating gets another peer of the region as its rater."""
    ratings = tables.ratings
    peer = ratings["source"] == "peer"
    pairs = ratings.loc[peer, ["ratee", "rater"]].drop_duplicates().sort_values(["ratee", "rater"])
    drawn = pairs.assign(other=np.random.default_rng(4).permutation(pairs["rater"]))
    drawn = drawn[drawn["other"] != drawn["ratee"]].drop_duplicates(["ratee", "other"])
    found = ratings.merge(drawn, on=["ratee", "rater"], how="left")["other"].to_numpy()
    keep = ~peer | pd.Series(found, ratings.index).notna()
    moved = ratings.assign(rater=ratings["rater"].mask(peer, pd.Series(found, ratings.index)))
    return replace(tables, ratings=moved[keep].reset_index(drop=True))


def odd_attributes(tables: Tables) -> Tables:
    """One sex only, an origin for each person, and the employment of supervisors not known; no unit is rated."""
    people = tables.employees
    leads = people["person"].isin(tables.ratings["rater"])
    changed = people.assign(sex="female", asal=people["person"].str[:4], employment=people["employment"].mask(leads))
    return blank("units", "org_rating")(replace(tables, employees=changed))


def twice(tables: Tables) -> Tables:
    """Every row of the ratings and of the appraisals twice."""
    return replace(
        tables,
        ratings=pd.concat([tables.ratings] * 2, ignore_index=True),
        appraisals=pd.concat([tables.appraisals] * 2, ignore_index=True),
    )


CHANGES: dict[str, Change] = {
    "export_only": lambda t: replace(t, ratings=t.ratings[official(t.ratings)].reset_index(drop=True)),
    "scores_only": lambda t: keep_ratings(t, ~official(t.ratings)),
    "empty": nothing,
    "few_people": few_people,
    "one_rater": one_rater,
    "one_subordinate": one_subordinate,
    "constant": constant,
    "constant_raters": constant_raters,
    "no_raters": blank("ratings", "rater"),
    "no_place": blank("ratings", "unit", "opd", "rated_at"),
    "no_predikat": blank("appraisals", "predikat"),
    "odd_attributes": odd_attributes,
    "ratings_only": lambda t: Tables(ratings=blank("ratings", "rated_at", "unit")(t).ratings),
    "conduct_gone": drop_criterion("perilaku_kerja", "loyal"),
}
CASES = (*WORLDS, *CHANGES)


# --- what must not matter, whole worlds changed ----------------------------------------------------------------


def scaled(low: float, high: float) -> Change:
    """Return a change to another scale of the multi-source scores, the same shares of it."""

    def change(tables: Tables) -> Tables:
        ratings = tables.ratings
        scores = ~official(ratings)
        share = (ratings["score"] - ratings["scale_min"]) / (ratings["scale_max"] - ratings["scale_min"])
        new = {"score": low + share * (high - low), "scale_min": low, "scale_max": high}
        return replace(tables, ratings=ratings.assign(**{k: ratings[k].mask(scores, v) for k, v in new.items()}))

    return change


def roomy(tables: Tables) -> Tables:
    """Widen the ends of the scale, so that constants can be added."""
    scores = ~official(tables.ratings)
    ends = {"scale_min": -1000.0, "scale_max": 1000.0}
    return replace(
        tables, ratings=tables.ratings.assign(**{k: tables.ratings[k].mask(scores, v) for k, v in ends.items()})
    )


def lifted(tables: Tables) -> Tables:
    """Add a constant to all multi-source ratings of each unit, another one in every unit."""
    base = roomy(tables)
    ratings = base.ratings
    unit = pd.factorize(ratings["unit"], sort=True)[0]
    lift = np.random.default_rng(8).normal(0, 40, unit.max() + 1).round()[unit]
    return replace(base, ratings=ratings.assign(score=ratings["score"] + np.where(official(ratings), 0.0, lift)))


def homonyms(tables: Tables) -> Tables:
    """Name the units of every agency alike (every agency has a "Sekretariat"): the n-th of each is "Bagian n"."""
    names = ("ratings", "appraisals", "employees", "units")
    places = pd.concat([getattr(tables, n)[["opd", "unit"]] for n in names]).dropna().drop_duplicates()
    places = places.sort_values(["opd", "unit"])
    told = ("Bagian " + (places.groupby("opd").cumcount() + 1).astype("str").str.zfill(3)).astype("str")
    told.index = pd.MultiIndex.from_frame(places)

    def change(frame: pd.DataFrame) -> pd.DataFrame:
        new = pd.Series(told.reindex(pd.MultiIndex.from_frame(frame[["opd", "unit"]])).to_numpy(), frame.index)
        return frame.assign(unit=new.astype("str").where(new.notna(), frame["unit"]))

    return replace(tables, **{n: change(getattr(tables, n)) for n in names})


VARIANTS: dict[str, Change] = {
    "shuffled": lambda t: shuffled(t),
    "renamed": lambda t: renamed(t)[0],
    "doubled": twice,
    "to_10": scaled(0.0, 10.0),
    "to_5": scaled(1.0, 5.0),
    "roomy": roomy,
    "lifted": lifted,
    "homonyms": homonyms,
}


# --- cells and results -----------------------------------------------------------------------------------------


THRESHOLDS_READ: set[str] = set()


class Recording(Context):
    """A context that remembers which thresholds were read, and refuses those of ``broken`` detectors."""

    broken: tuple[str, ...] = ()
    message: str = ""

    def threshold(self, key: str) -> Threshold:
        """Return a threshold; raise for a broken detector."""
        if key.split(".")[0] in self.broken:
            raise ValueError(self.message)
        THRESHOLDS_READ.add(key)
        return super().threshold(key)


def cell(tables: Tables, *, region: str = "", year: int = YEAR, config: AuditConfig | None = None) -> Recording:
    """Return the view of one cell, made as ``detect`` makes it."""
    region = region or next((r for r, _ in tables.cells()), "99.01")
    settings = config or AuditConfig()
    now, history = tables.select(region=region, year=year), tables.select(region=region, until=year)
    design = design_of(now, history, region, year)
    return Recording(now, history, score(tables, settings), settings, design, region, year)


@cache
def tables_of(case: str) -> Tables:
    """Return the tables of a case by name; "planted>renamed" is a variant of a world."""
    name, _, variant = case.partition(">")
    if variant:
        return VARIANTS[variant](tables_of(name))
    return WORLDS[name]() if name in WORLDS else CHANGES[name](tables_of("clean"))


@cache
def context_of(case: str) -> Recording:
    """Return the cell of a case; all detectors of the session share it."""
    return cell(tables_of(case))


@cache
def result_of(case: str, detector: str) -> Result:
    """Return what a detector says of a case or of a variant."""
    return run_detector(detector, context_of(case))


@cache
def findings_of(case: str, detector: str) -> tuple[Finding, ...]:
    """Return the findings of a case."""
    return tuple(result_of(case, detector).findings())


@cache
def people_of(case: str) -> frozenset[str]:
    """Return the pseudonyms of everybody in a case."""
    tables = tables_of(case)
    columns = [getattr(tables, t)[c] for t, names in PERSONS.items() for c in names]
    return frozenset(pd.concat(columns).dropna())


@cache
def rows_of(case: str) -> dict[str, dict[str, set[str]]]:
    """Return the addresses by rater, by agency, and all of the cell under ``""``."""
    tables = context_of(case).tables
    ratings = tables.ratings
    found = {by: {str(k): set(v) for k, v in ratings.groupby(by)["row"]} for by in ("rater", "opd")}
    for name, rows in tables.cases.groupby("rater")["row"]:
        found["rater"].setdefault(str(name), set()).update(rows)
    return {**found, "": {"": {*ratings["row"], *tables.appraisals["row"], *tables.cases["row"]}}}


@cache
def cells_of_2024() -> tuple[Recording, Recording]:
    """Return the cell of 2024 twice: from all years, and from the files up to 2024."""
    tables = tables_of("three_years")
    region = context_of("three_years").region
    both = cell(tables, region=region, year=2024), cell(tables.select(until=2024), region=region, year=2024)
    return both


# --- comparing results -----------------------------------------------------------------------------------------


@cache
def names_of(case: str) -> dict[str, str]:
    """Return old name -> new name of the variant ``renamed`` of a world."""
    return renamed(tables_of(case))[1]


def renamed(tables: Tables, seed: int = 5) -> tuple[Tables, dict[str, str]]:
    """Give everybody another pseudonym, in another order; return the tables and old name -> new name."""
    columns = [getattr(tables, t)[c] for t, names in PERSONS.items() for c in names]
    people = sorted(pd.concat(columns).dropna().unique())
    letters = np.array(list("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"))
    drawn = np.random.default_rng(seed).integers(0, 32, (len(people), 13))
    names = {old: "P" + "".join(letters[code]) for old, code in zip(people, drawn, strict=True)}
    made = {t: getattr(tables, t).assign(**{c: getattr(tables, t)[c].map(names).astype("str") for c in cs})
            for t, cs in PERSONS.items()}  # fmt: skip
    return replace(tables, **made), names


def shuffled(tables: Tables, seed: int = 3) -> Tables:
    """Return the tables with the rows of each in another order."""
    rng = np.random.default_rng(seed)
    mixed = {t: getattr(tables, t).sample(frac=1, random_state=rng).reset_index(drop=True) for t in TABLES}
    return replace(tables, **mixed)


def assert_same(a: Result, b: Result, *, names: dict[str, str] | None = None, rows: bool = True) -> None:
    """Assert that two results hold the same findings, in any order; ``names`` renames the subjects of the first."""
    left, right = a.frame.copy(), b.frame.copy()
    left["subject"] = left["subject"].replace(names or {})
    left, right = (f.sort_values(KEYS, kind="stable", ignore_index=True) for f in (left, right))
    pd.testing.assert_frame_equal(left[KEYS], right[KEYS])
    pd.testing.assert_frame_equal(left[NUMBERS], right[NUMBERS], rtol=1e-6, atol=1e-9)
    labels: set[tuple[Any, Any]] = set()
    for one, other in zip(left["params"], right["params"], strict=True):
        mine, theirs = json.loads(one), json.loads(other)
        labels.add((mine.pop("component", None), theirs.pop("component", None)))
        _assert_close(mine, theirs)
    assert len({a for a, _ in labels}) == len({b for _, b in labels}) == len(labels), "groups keep their members"
    if rows:
        assert [sorted(r) for r in left["rows"]] == [sorted(r) for r in right["rows"]]


def _assert_close(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert list(one) == list(other)
    for name, value in one.items():
        if isinstance(value, float) and isinstance(other[name], (int, float)):
            assert other[name] == pytest.approx(value, rel=1e-6, abs=1e-9, nan_ok=True), name
        else:
            assert other[name] == value, name


def digest(result: Result) -> str:
    """Return the SHA-256 of every byte of a result."""
    seal = hashlib.sha256()
    for name, column in result.frame.items():
        values = column.map(list).tolist() if name == "rows" else column.tolist()
        seal.update(json.dumps([name, str(column.dtype), values]).encode())
    return seal.hexdigest()


def digests(*cases: str, backwards: bool = False) -> dict[str, str]:
    """Return the digests of all detectors on some cases; run in another process, and order, to compare."""
    order = EVERY[::-1] if backwards else EVERY
    return {f"{case} {name}": digest(result_of(case, name)) for case in cases for name in order}


# --- parameters ------------------------------------------------------------------------------------------------


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test for every detector, every case and every world it names as arguments."""
    for argument, every in (("detector", EVERY), ("case", CASES), ("world_name", WORLDS)):
        if argument in metafunc.fixturenames:
            metafunc.parametrize(argument, every)


@pytest.fixture(scope="session")
def lab() -> SimpleNamespace:
    """Everything above, for the tests."""
    return SimpleNamespace(**{k: v for k, v in globals().items() if not k.startswith("__")})
