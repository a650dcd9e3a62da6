"""What was planted, returned apart from the tables and never read by a detector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from kinerja_analysis.simulate.latent import Latent
from kinerja_analysis.simulate.people import World
from kinerja_analysis.simulate.sheets import Sheet

PROBLEMS = ("region", "year", "measure", "subject_kind", "n_subjects", "value", "unit", "file", "visible_by")


def truth_of(
    worlds: Sequence[World], latents: Sequence[Latent], sheets: Sequence[Sheet], years: Sequence[int]
) -> dict[str, pd.DataFrame]:
    """Return the truth as frames.

    ``problems``: one row per planted problem and year, with the file that shows it and how. ``persons``: merit, seat
    and supervisor per person and year, with the NIP behind the opaque code. ``raters``: leniency (e-Kinerja latent SD;
    360 in SD of an employee's true score) and flags per supervisor and year. ``parameters``: every number of the
    generator. ``faults``: faults of ``data_rusak`` by cell.
    """
    pairs = list(zip(worlds, latents, strict=True))
    problems = [row for w, latent in pairs for y in years for row in _problems(w, latent, y, sheets)]
    return {
        "problems": pd.DataFrame(problems, columns=list(PROBLEMS)),
        "persons": _stack([_persons(w, latent, y) for w, latent in pairs for y in years]),
        "raters": _stack([_raters(w, latent, y) for w, latent in pairs for y in years]),
        "parameters": _stack([_parameters(w) for w in worlds]),
        "faults": _stack([_faults(s) for s in sheets if len(s.faults)]),
    }


def _stack(parts: list[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _persons(world: World, latent: Latent, year: int) -> pd.DataFrame:
    seating, places = world.seating[year], world.places
    person = seating[:-1]
    unit = places.units.iloc[places.seats["unit"].to_numpy()].reset_index(drop=True)
    return pd.DataFrame(
        {
            "region": world.plan.code,
            "year": year,
            "person": world.persons["id"].to_numpy()[person],
            "nip": world.persons["nip"].to_numpy()[person],
            "unit": unit["name"],
            "opd": unit["opd"],
            "supervisor": world.persons["id"].to_numpy()[seating[world.supervisor_seat()]],
            "merit": latent.merit[year][person],
        }
    )


def _raters(world: World, latent: Latent, year: int) -> pd.DataFrame:
    seating, places = world.seating[year], world.places
    person = seating[places.team_seat]
    unit = np.append(places.units["name"].to_numpy(), "")[places.team_unit]
    before = world.seating.get(year - 1, seating)[places.team_seat]
    return pd.DataFrame(
        {
            "region": world.plan.code,
            "year": year,
            "rater": world.persons["id"].to_numpy()[person],
            "unit": unit,
            "team_size": places.team_size,
            "leniency": latent.leniency[person],
            "leniency_score": latent.leniency_score[person],
            "lenient": world.lenient[person],
            "ignores_merit": latent.ignores[person],
            "halo": latent.halo[person],
            "copies": latent.copies[person],
            "new_team": person != before,
        }
    )


def _parameters(world: World) -> pd.DataFrame:
    plan = world.plan
    rows: dict[str, Any] = {}
    for part in (plan.model, plan.planted, plan.habits):
        rows |= {f"{type(part).__name__.lower()}.{k}": v for k, v in asdict(part).items()}
    rows |= {f"cells.{h}{p}": share for (h, p), share in plan.cells.items()}
    frame = pd.DataFrame({"quantity": list(rows), "value": [str(v) for v in rows.values()]})
    return frame.assign(region=plan.code)[["region", "quantity", "value"]]


def _faults(sheet: Sheet) -> pd.DataFrame:
    row = sheet.header_row + 1 + sheet.faults["position"].to_numpy()
    return sheet.faults.assign(region=sheet.world.plan.code, file=sheet.path, row=row).drop(columns="position")


def _problems(world: World, latent: Latent, year: int, sheets: Sequence[Sheet]) -> list[tuple[Any, ...]]:
    p, code = world.plan.planted, world.plan.code
    own = [s for s in sheets if s.world is world and s.year == year]
    official, scores = (", ".join(s.path for s in own if s.table == t) for t in ("ekinerja", "multisource"))
    teams = len(world.places.team_seat) - 1
    active = not p.years or year in p.years
    lenient = int(world.lenient.sum())
    changed = int(_raters(world, latent, year)["new_team"].sum())
    listed = [
        (p.own_group * active, "own_group", "attribute", teams, "latent sd", official, "inside supervisor x period"),
        (p.own_group_score * active, "own_group_score", "attribute", teams, "sd", scores, "supervisor against peers"),
        (p.lenient * (lenient > 0), "leniency", "rater", lenient, "latent sd", official, "change of supervisor only"),
        (p.lenient_score * (lenient > 0), "leniency_score", "rater", lenient, "sd", scores, "supervisor against peers"),
        (p.rotation * (year == p.rotation_year), "rotation", "rater", changed, "share", official, "years compared"),
        (p.self_shift, "self_inflation", "region", world.size, "sd", scores, "self against others"),
        (p.reciprocity, "reciprocity", "region", world.size, "correlation", scores, "mutual pairs of peers"),
        (p.ignores, "ignores_merit", "rater", int(latent.ignores.sum()), "share", official, "achievement in the team"),
        (p.halo, "halo", "rater", int(latent.halo.sum()), "share", scores, "profile of criteria"),
        (p.gap, "gap", "attribute", teams, "latent sd", official, "inside supervisor x period"),
        (p.gap_score, "gap_score", "attribute", teams, "sd", scores, "inside supervisors"),
        (p.copies, "copies", "rater", int(latent.copies.sum()), "share", f"{official}, {scores}", "equal vectors"),
        (p.drift * (lenient > 0), "drift", "rater", lenient, "sd a year", f"{official}, {scores}", "years compared"),
        (p.mismatch, "mismatch", "region", world.size, "share", official, "ratings against predikat"),
        (float(p.faults), "faults", "cell", 0, "present", official, "checks on reading"),
    ]
    return [(code, year, measure, kind, n, value, unit, file, by) for value, measure, kind, n, unit, file, by in listed
            if value]  # fmt: skip
