"""From tables to scores: regulation in force, framework of the region, sources and achievement kept apart."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.errors import UsageError
from kinerja_analysis.base.tables import ScoreTable, Tables
from kinerja_analysis.score.achievement import achievement
from kinerja_analysis.score.framework import (
    DEFAULT,
    Framework,
    checked_source_weights,
    framework_names,
    load_framework,
)
from kinerja_analysis.score.official import official_results, split_ratings
from kinerja_analysis.score.rule import PROFILES
from kinerja_analysis.score.rules import rule_for
from kinerja_analysis.score.sources import COUNTS, MEANS, combined, prepare, source_means

__all__ = ["COLUMNS", "PROFILES", "framework_names", "frameworks_of", "load_framework", "rule_for", "score"]

KEYS = ["period", "region", "person"]
COLUMNS = [
    "year", *KEYS, "rule", "framework",
    "predikat_computed", "predikat_reason", "predikat_recorded", "consistent", "number",
    *MEANS, *COUNTS, "combined", "combined_weight", "left_out",
    "achievement", "achievement_n", "achievement_missing", "achievement_reason",
]  # fmt: skip


def score(tables: Tables, config: AuditConfig | None = None) -> ScoreTable:
    """Score every person of every period and region.

    Parameters
    ----------
    tables : Tables
        The tables as read.
    config : AuditConfig, optional
        ``framework`` (and ``regions[code].framework``) name the indicator systems, ``weights`` replaces their
        source weights, ``profiles`` switches on unverified figures.

    Returns
    -------
    ScoreTable
        ``frame`` with the columns of ``COLUMNS``, sorted by period, region, person:

        * ``rule``, ``predikat_computed``, ``predikat_reason`` ("" or why it is missing),
          ``predikat_recorded``, ``consistent`` (yes, no, unknown), ``number`` (the legacy figure, missing
          under PermenPANRB 6/2022 unless recorded);
        * ``framework`` ("" if none), ``mean_<source>`` (0-100) and ``n_<source>`` (raters) of the
          multi-source ratings, ``combined`` and ``combined_weight`` where source weights are declared,
          ``left_out`` (ratings on criteria outside the framework);
        * ``achievement`` (0-120), ``achievement_n``, ``achievement_missing``, ``achievement_reason``.

    Raises
    ------
    UsageError
        For a framework that cannot be read, source weights or profiles that do not exist.

    Examples
    --------
    >>> from kinerja_analysis.base.tables import conform
    >>> two = conform("ratings", pd.DataFrame({"year": 2025, "period": "2025", "region": "01.01",
    ...     "ratee": "p", "rater": "a", "source": "supervisor",
    ...     "criterion": ["hasil_kerja", "perilaku_kerja"], "score": [3.0, 1.0], "scale_min": 1.0, "scale_max": 3.0}))
    >>> score(Tables(ratings=two)).frame["predikat_computed"].tolist()
    ['KURANG']
    """
    settings = config or AuditConfig()
    _check_profiles(settings.profiles)
    official, multisource = split_ratings(tables.ratings)
    frameworks = _frameworks(tables, multisource, settings)
    frame = official_results(_people(tables), official, multisource, tables.appraisals, settings.profiles)
    prepared = prepare(multisource, frameworks)
    frame = frame.merge(source_means(prepared), on=KEYS, how="left")
    override = checked_source_weights(settings.weights)
    frame = frame.merge(combined(prepared, frameworks, override), on=KEYS, how="left")
    frame = frame.merge(achievement(tables.achievements, frameworks), on=KEYS, how="left")
    whole = [*COUNTS, "left_out", "achievement_n", "achievement_missing"]
    frame[whole] = frame[whole].fillna(0).astype("int64")
    numbers = [*MEANS, "combined", "combined_weight", "achievement"]
    frame[numbers] = frame[numbers].astype("float64")
    names = {region: framework.name for region, framework in frameworks.items()}
    frame["framework"] = frame["region"].map(lambda region: names.get(region, "")).astype("str")
    frame["achievement_reason"] = frame["achievement_reason"].fillna("no_achievement_rows").astype("str")
    frame["year"] = frame["period"].str[:4].astype("int64")
    return ScoreTable(frame[COLUMNS].sort_values(KEYS, kind="stable", ignore_index=True))


def frameworks_of(tables: Tables, config: AuditConfig) -> dict[str, Framework]:
    """Return the indicator system of each region of the tables.

    The region's own entry in the configuration comes first, then the general one; without either, the general
    BerAKHLAK system serves regions whose every multi-source criterion it knows, and others have none.

    Examples
    --------
    >>> frameworks_of(Tables(), AuditConfig())
    {}
    """
    return _frameworks(tables, split_ratings(tables.ratings)[1], config)


def _frameworks(tables: Tables, multisource: pd.DataFrame, config: AuditConfig) -> dict[str, Framework]:
    found: dict[str, Framework] = {}
    parts = (tables.ratings, tables.achievements, tables.appraisals)
    for region in sorted({name for part in parts for name in part["region"].unique()}):
        declared = config.regions[region].framework if region in config.regions else ""
        name = declared or config.framework
        if name:
            found[region] = load_framework(name)
            continue
        criteria = multisource.loc[multisource["region"] == region, "criterion"].unique()
        general = load_framework(DEFAULT)
        if len(criteria) and len(general.criterion_keys(criteria)) == len(criteria):
            found[region] = general
    return found


def _people(tables: Tables) -> pd.DataFrame:
    parts: Iterable[pd.DataFrame] = (
        tables.appraisals[KEYS],
        tables.ratings.rename(columns={"ratee": "person"})[KEYS],
        tables.achievements[KEYS],
    )
    everyone = pd.concat([p.drop_duplicates() for p in parts]).drop_duplicates()
    return everyone.sort_values(KEYS, kind="stable", ignore_index=True)


def _check_profiles(profiles: Iterable[str]) -> None:
    unknown = [p for p in profiles if p not in PROFILES]
    if unknown:
        detail = f"profiles: {', '.join(unknown)} ({', '.join(PROFILES)})"
        raise UsageError("errors.config_invalid", file="kinerja.toml", detail=detail)
