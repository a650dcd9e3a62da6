"""The files of a region before they are written: one record per file, persons still by number.

``columns_of`` decodes a sheet into canonical columns with either the opaque codes (for the tables) or the impossible
NIPs (for the files), so that both come from the same rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd

from kinerja_analysis.simulate import evidence
from kinerja_analysis.simulate.faults import damage
from kinerja_analysis.simulate.latent import Latent
from kinerja_analysis.simulate.multisource import multisource
from kinerja_analysis.simulate.people import World
from kinerja_analysis.simulate.ratings import appraisals

Table = Literal["ekinerja", "multisource", "achievements", "employees", "units"]
HEADER_ROW = 8
SHIFTED_HEADER_ROW = 11
_MULTI_LAYOUTS = {"csv": "csv", "csv_semicolon": "csv", "xlsx_long": "xlsx", "xlsx_wide": "xlsx"}


@dataclass(frozen=True, slots=True)
class Sheet:
    """One file to write.

    ``path`` below the folder; ``quarter`` 0 for annual; ``frame`` as made by ``ratings``, ``multisource`` or
    ``evidence``; ``faults`` columns ``position column text`` to overwrite and, with an empty column, rows to repeat;
    ``number`` the place among all files in order of path, from 1.
    """

    path: str
    table: Table
    world: World
    year: int
    quarter: int
    frame: pd.DataFrame
    faults: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=["position", "column", "text", "fault"]))
    number: int = 0

    @property
    def period(self) -> str:
        """Period of the rows ("2025" or "2025-Q1")."""
        return f"{self.year}-Q{self.quarter}" if self.quarter else str(self.year)

    @property
    def header_row(self) -> int:
        """Row of the column names, from 1."""
        if self.table != "ekinerja":
            return 1
        return SHIFTED_HEADER_ROW if len(self.faults) else HEADER_ROW

    @property
    def long(self) -> bool:
        """Whether the file has one row per score."""
        form = self.world.plan.form
        return self.table == "multisource" and form is not None and form.layout != "xlsx_wide"

    def address(self, n: int) -> list[str]:
        """Return the addresses (file:sheet:row) of the first n rows of data."""
        first = self.header_row + 1
        return [f"{self.number}:1:{k}" for k in range(first, first + n)]


def sheets_of(world: World, latent: Latent, years: Sequence[int], seed: int) -> list[Sheet]:
    """Make all files of a region, unnumbered."""
    plan, sheets = world.plan, []

    def add(name: str, table: Table, year: int, quarter: int, frame: pd.DataFrame, **more: Any) -> None:
        if len(frame):
            sheets.append(Sheet(f"{plan.slug}/{name}", table, world, year, quarter, frame, **more))

    quarters = (1, 2, 3, 4) * plan.quarterly + (0,) * (plan.yearly or not plan.quarterly)
    last = quarters[-1]
    for year in years:
        for quarter in quarters if plan.exports else ():
            frame = appraisals(world, latent, year, quarter, seed)
            more = {}
            if plan.planted.faults:
                frame, more["faults"] = damage(world, frame, year, seed)
            tail = f"_tw{quarter}" if quarter else ""
            add(f"penilaian_skp_{year}{tail}.xlsx", "ekinerja", year, quarter, frame, **more)
        ending = _MULTI_LAYOUTS[plan.form.layout] if plan.form else "csv"
        add(f"penilaian_360_{year}.{ending}", "multisource", year, last, multisource(world, latent, year, seed))
        add(f"capaian_{year}.xlsx", "achievements", year, last, evidence.achievements(world, latent, year, seed))
        add(f"pegawai_{year}.csv", "employees", year, last, evidence.employees(world, year))
        add(f"unit_{year}.csv", "units", year, last, evidence.org_ratings(world, year, seed))
    return sheets


def columns_of(sheet: Sheet, who: Literal["id", "nip"]) -> pd.DataFrame:
    """Return the sheet's rows in canonical columns, persons as opaque codes or as NIPs.

    ``year period region row`` first (no period for employees); e-Kinerja rows keep ``hasil perilaku`` as codes, 360
    rows have one column per criterion.
    """
    decode = sheet.world.persons[who].to_numpy()
    body = _DECODERS[sheet.table](sheet, decode)
    body.insert(0, "row", sheet.address(len(body)))
    body.insert(0, "region", sheet.world.plan.code)
    if sheet.table != "employees":
        body.insert(0, "period", sheet.period)
    body.insert(0, "year", sheet.year)
    return body


def _place(sheet: Sheet, seat: np.ndarray) -> dict[str, np.ndarray]:
    places = sheet.world.places
    unit = places.seats["unit"].to_numpy()[seat]
    return {"unit": places.units["name"].to_numpy()[unit], "opd": places.units["opd"].to_numpy()[unit]}


def _ekinerja(sheet: Sheet, decode: np.ndarray) -> pd.DataFrame:
    f, world = sheet.frame, sheet.world
    staff = evidence.employees(world, sheet.year).set_index("person")
    seat = f["seat"].to_numpy()
    person = f["person"].to_numpy()
    return pd.DataFrame(
        {
            "person": decode[person],
            "supervisor": decode[f["supervisor"].to_numpy()],
            **_place(sheet, seat),
            "post": f["post"],
            "position": world.places.seats["position"].to_numpy()[seat],
            "grade": world.persons["grade"].to_numpy()[person],
            "employment": staff["employment"].loc[person].to_numpy(),
            **{c: f[c] for c in ("acting", "status", "hasil", "perilaku", "predikat", "rated_at", "start", "end")},
        }
    )


def _multisource(sheet: Sheet, decode: np.ndarray) -> pd.DataFrame:
    f, form = sheet.frame, sheet.world.plan.form
    criteria = list(form.criteria) if form else []
    low, high = form.scale if form else (0.0, 1.0)
    return pd.DataFrame(
        {
            "ratee": decode[f["ratee"].to_numpy()],
            "rater": decode[f["rater"].to_numpy()],
            "source": f["source"],
            **_place(sheet, f["seat"].to_numpy()),
            "scale_min": float(low),
            "scale_max": float(high),
            "rated_at": f["rated_at"],
            **{c: f[c] for c in criteria},
        }
    )


def _achievements(sheet: Sheet, decode: np.ndarray) -> pd.DataFrame:
    f = sheet.frame
    rest = ["indicator", "aspect", "target", "realised", "direction", "weight", "measured_by"]
    return pd.DataFrame({"person": decode[f["person"].to_numpy()], **{c: f[c] for c in rest}})


def _employees(sheet: Sheet, decode: np.ndarray) -> pd.DataFrame:
    f, world = sheet.frame, sheet.world
    person, seat = f["person"].to_numpy(), f["seat"].to_numpy()
    own = world.persons.iloc[person].reset_index(drop=True)
    return pd.DataFrame(
        {
            "person": decode[person],
            **_place(sheet, seat),
            "position_type": world.places.seats["position"].to_numpy()[seat],
            "grade": own["grade"],
            "employment": f["employment"],
            "sex": own["sex"],
            "age_band": f["age_band"],
            "supervisor": decode[f["supervisor"].to_numpy()],
            "asal": own["asal"],
        }
    )


def _units(sheet: Sheet, decode: np.ndarray) -> pd.DataFrame:
    f, units = sheet.frame, sheet.world.places.units
    unit = f["unit"].to_numpy()
    return pd.DataFrame(
        {
            "unit": units["name"].to_numpy()[unit],
            "opd": units["opd"].to_numpy()[unit],
            "leader": decode[f["leader"].to_numpy()],
            "org_rating": f["org_rating"],
        }
    )


_DECODERS: dict[str, Callable[[Sheet, np.ndarray], pd.DataFrame]] = {
    "ekinerja": _ekinerja,
    "multisource": _multisource,
    "achievements": _achievements,
    "employees": _employees,
    "units": _units,
}
