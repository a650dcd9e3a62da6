"""Two small regions whose employees are equally good, whose raters differ in severity, and who may share raters."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kinerja_analysis.base.tables import Tables, conform

POINTS, LEVEL, YEAR = 5.0, 55.0, 2025
REGIONS = ("99.01", "99.02")
PEERS, TEAM = 3, 8
CRITERIA = ("hasil", "disiplin", "kerja_sama")


def two_regions(
    seed: int, *, shared: int = 0, each: int = 8, units: int = 10, shift: float = 0.5, better: float = 0.0,
    seniors: tuple[float, float] = (0.5, 0.5), interaction: float = 0.0,
) -> tuple[Tables, dict[str, float]]:  # fmt: skip
    """Return the 360 ratings of two regions and their employees, and the true parts of the gap (first − second).

    Scores are 55 + 5 x (merit + leniency + pair + criterion noise). Raters of the second region are stricter by
    ``shift``, its employees better by ``better``; ``shared`` raters rate ``each`` employees in either region, those in
    the second one higher by a draw of SD ``interaction``. ``seniors``: share of fungsional posts by region; they are
    rated one SD better.
    """
    rng = np.random.default_rng([seed, shared, units])
    parts, people, means = [], [], []
    for k, region in enumerate(REGIONS):
        n = units * TEAM
        senior = rng.random(n) < seniors[k]
        merit = rng.standard_normal(n) + better * k + senior
        means.append((float(merit.mean()), float(senior.mean())))
        unit = np.repeat(np.arange(units), TEAM)
        strict = -shift * k
        style = strict + 0.35 * rng.standard_normal(units + n)
        name = np.array([f"{region}-{i:03d}" for i in range(n)])
        chief = np.array([f"{region}-K{u:02d}" for u in range(units)])
        parts.append(_rows(region, name, chief[unit], "supervisor", merit + style[unit], 0.9, unit, rng))
        place = np.arange(n) % TEAM
        for step in range(1, PEERS + 1):
            peer = unit * TEAM + (place + step) % TEAM
            parts.append(_rows(region, name, name[peer], "peer", merit + style[units + peer], 1.2, unit, rng))
        for s in range(shared):
            own = np.random.default_rng([seed, s]).standard_normal(2)
            met = rng.choice(n, each, replace=False)
            seen = merit[met] + 0.35 * own[0] + interaction * own[1] * k
            parts.append(_rows(region, name[met], np.full(each, f"S{s:03d}"), "other", seen, 0.9, unit[met], rng))
        people.append(pd.DataFrame({"year": YEAR, "region": region, "person": name, "unit": _unit(unit), "opd": "Dinas",
                                    "position_type": np.where(senior, "fungsional", "pelaksana")}))  # fmt: skip
    ratings = pd.concat(parts, ignore_index=True)
    address = [f"1:1:{i}" for i in range(len(ratings))]
    tables = Tables(ratings=conform("ratings", ratings.assign(row=address)),
                    employees=conform("employees", pd.concat(people, ignore_index=True)))  # fmt: skip
    truth = {"severity": POINTS * shift, "performance": POINTS * (means[0][0] - means[1][0])}
    return tables, truth


def _unit(code: np.ndarray) -> list[str]:
    return [f"Unit {u:02d}" for u in code]


def _rows(
    region: str, ratee: np.ndarray, rater: np.ndarray, source: str, mean: np.ndarray, pair: float, unit: np.ndarray,
    rng: np.random.Generator,
) -> pd.DataFrame:  # fmt: skip
    overall = mean + pair * rng.standard_normal(len(mean))
    detail = 0.4 * rng.standard_normal((len(mean), len(CRITERIA))) + np.linspace(-0.3, 0.3, len(CRITERIA))
    score = np.clip(np.round(LEVEL + POINTS * (overall[:, None] + detail)), 0, 100)
    k = len(CRITERIA)
    return pd.DataFrame(
        {"year": YEAR, "period": str(YEAR), "region": region, "ratee": np.repeat(ratee, k),
         "rater": np.repeat(rater, k), "source": source, "criterion": np.tile(CRITERIA, len(ratee)),
         "score": score.ravel(), "scale_min": 0.0, "scale_max": 100.0, "opd": "Dinas",
         "unit": np.repeat(_unit(unit), k)}
    )  # fmt: skip
