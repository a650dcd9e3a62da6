"""Indicator systems: what a region rates and measures, with which weights, by whom.

A framework is one TOML file: ``score/frameworks/<name>.toml``, or any path named in the configuration. No
weight between superiors, peers and subordinates was found in law (PermenPANRB 6/2022 knows feedback, no 360
score), so a framework's weights are the agency's own choice and are shown as such.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from kinerja_analysis.base.config import not_toml, wrong_entries
from kinerja_analysis.base.errors import UsageError
from kinerja_analysis.base.tables import SOURCES, plain

DEFAULT = "umum_berakhlak"
Source = Literal["supervisor", "self", "peer", "subordinate", "other"]
Aspect = Literal["kuantitas", "kualitas", "waktu", "biaya"]
_SUM_TOLERANCE = 1e-6


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Label(_Strict):
    """A name in both languages."""

    id: str = Field(min_length=1)
    en: str = Field(min_length=1)


class Criterion(_Strict):
    """A criterion that people rate; higher is better. No ``sources`` means every source of the framework."""

    key: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    label: Label
    weight: float = Field(ge=0, le=1)
    scale: tuple[float, float]
    sources: tuple[Source, ...] = ()
    aliases: tuple[str, ...] = ()


class Indicator(_Strict):
    """An indicator with target and realisation; ``sector`` names the sector it is for ("" for all others)."""

    key: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    label: Label
    weight: float = Field(ge=0, le=1)
    aspect: Aspect
    direction: Literal["higher", "lower"]
    measured_by: Literal["rater", "other"]
    unit: Label
    sector: str = ""
    aliases: tuple[str, ...] = ()


class Measure(_Strict):
    """What a sector is measured by: indicators (their keys), aspects, or both; any of them counts."""

    name: str = Field(min_length=1)
    aspects: tuple[Aspect, ...] = ()
    indicators: tuple[str, ...] = ()


class Sector(_Strict):
    """Agencies that differ from the rest: which sources rate there, and by what the sector is measured.

    ``opds`` are its agencies (none named: the one of this name); without ``measures`` it is measured as all others.
    """

    name: str = Field(min_length=1)
    opds: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
    measures: tuple[Measure, ...] = ()

    @property
    def members(self) -> tuple[str, ...]:
        """The agencies of the sector, by name."""
        return self.opds or (self.name,)


class Framework(_Strict):
    """One indicator system.

    ``sources`` are the 360 weights (0 = shown, not counted; empty = no weighting, sources shown side by
    side); ``period`` is how often the agency evaluates; ``status`` says whose system it is (``illustration``
    for ours).
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    label: Label
    note: Label
    status: Literal["illustration", "agency"]
    period: Literal["year", "quarter", "month"]
    sources: dict[Source, float] = Field(default_factory=dict)
    criteria: tuple[Criterion, ...] = Field(min_length=1)
    indicators: tuple[Indicator, ...] = ()
    sectors: tuple[Sector, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Framework:
        wrong = list(self._problems())
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    def _problems(self) -> Iterable[str]:
        sums = {"criteria.weight": [c.weight for c in self.criteria]}
        if self.sources:
            sums["sources"] = list(self.sources.values())
        for sector in dict.fromkeys(i.sector for i in self.indicators):
            name = f"indicators.weight ({sector})" if sector else "indicators.weight"
            sums[name] = [i.weight for i in self.indicators if i.sector == sector]
        for name, weights in sums.items():
            if abs(sum(weights) - 1) > _SUM_TOLERANCE:
                yield f"{name}: Σ = {sum(weights):g} ≠ 1"
        if any(weight < 0 for weight in self.sources.values()):
            yield "sources: < 0"
        for kind, items in (("criteria", self.criteria), ("indicators", self.indicators)):
            keys = [item.key for item in items]
            yield from (f"{kind}.key: {k} × {keys.count(k)}" for k in dict.fromkeys(keys) if keys.count(k) > 1)
        for c in self.criteria:
            if not c.scale[0] < c.scale[1]:
                yield f"criteria.scale ({c.key}): {c.scale[0]:g} ≥ {c.scale[1]:g}"
            yield from (f"criteria.sources ({c.key}): {s}" for s in c.sources if self.sources and s not in self.sources)
        known = {s.name for s in self.sectors}
        yield from (f"indicators.sector: {i.sector}" for i in self.indicators if i.sector and i.sector not in known)
        yield from self._sector_problems()

    def _sector_problems(self) -> Iterable[str]:
        keys = {i.key for i in self.indicators}
        opds = [plain(agency) for s in self.sectors for agency in s.members]
        yield from (f"sectors.opds: {a} × {opds.count(a)}" for a in dict.fromkeys(opds) if opds.count(a) > 1)
        for sector, measure in ((s, m) for s in self.sectors for m in s.measures):
            name = f"sectors.measures ({sector.name}, {measure.name})"
            if not measure.aspects and not measure.indicators:
                yield f"{name}: aspects, indicators = 0"
            yield from (f"{name}: {key}" for key in measure.indicators if key not in keys)

    def criterion_keys(self, names: Iterable[str]) -> dict[str, str]:
        """Map criterion names found in data (any case, label or key) to this framework's keys; unknown ones
        absent.

        Examples
        --------
        >>> load_framework("umum_berakhlak").criterion_keys(["Berorientasi Pelayanan", "Tinggi Badan"])
        {'Berorientasi Pelayanan': 'berorientasi_pelayanan'}
        """
        return _match(self.criteria, names)

    def indicator_keys(self, names: Iterable[str]) -> dict[str, str]:
        """Map indicator names found in data to this framework's keys; unknown ones absent."""
        return _match(self.indicators, names)

    def criterion_weights(self) -> dict[str, float]:
        """Return the weight of each criterion by key."""
        return {c.key: c.weight for c in self.criteria}

    def indicator(self, key: str) -> Indicator:
        """Return the indicator with this key. Raises ``KeyError`` if there is none."""
        return {i.key: i for i in self.indicators}[key]

    def source_weights(self, override: Mapping[str, float] | None = None) -> pd.DataFrame:
        """Return the weight of each source in each criterion it may rate.

        Parameters
        ----------
        override : mapping of source to weight, optional
            Replaces the framework's own source weights.

        Returns
        -------
        DataFrame
            ``criterion source source_weight criterion_weight``, rows of positive weight only.
        """
        weights = dict(override) if override else self.sources
        rows = [
            (c.key, source, weight, c.weight)
            for c in self.criteria
            for source, weight in weights.items()
            if weight > 0 and c.weight > 0 and (not c.sources or source in c.sources)
        ]
        return pd.DataFrame(rows, columns=["criterion", "source", "source_weight", "criterion_weight"])


def _match(items: Iterable[Criterion | Indicator], names: Iterable[str]) -> dict[str, str]:
    places: dict[str, str] = {}
    for item in items:
        for alias in (item.key, item.label.id, item.label.en, *item.aliases):
            places.setdefault(plain(alias), item.key)
    return {name: places[plain(name)] for name in dict.fromkeys(names) if plain(name) in places}


def framework_names() -> tuple[str, ...]:
    """Return the names of the shipped frameworks, sorted.

    >>> "umum_berakhlak" in framework_names()
    True
    """
    folder = files("kinerja_analysis.score").joinpath("frameworks")
    return tuple(sorted(entry.name[:-5] for entry in folder.iterdir() if entry.name.endswith(".toml")))


@lru_cache(maxsize=64)
def _shipped(name: str) -> Framework:
    place = files("kinerja_analysis.score").joinpath("frameworks", f"{name}.toml")
    return parse_framework(place.read_text(encoding="utf-8"), file=place.name)


def load_framework(name_or_path: str) -> Framework:
    """Load and check an indicator system.

    Parameters
    ----------
    name_or_path : str
        A shipped name (``framework_names()``) or the path of a TOML file (read anew each time).

    Raises
    ------
    UsageError
        If the file is missing, is not TOML or has wrong entries; all wrong entries are named at once.

    Examples
    --------
    >>> [c.key for c in load_framework("umum_berakhlak").criteria][:2]
    ['berorientasi_pelayanan', 'akuntabel']
    """
    if name_or_path in framework_names():
        return _shipped(name_or_path)
    place = Path(name_or_path)
    try:
        text = place.read_text(encoding="utf-8")
    except (OSError, ValueError):  # not there, not to be read, no text
        raise UsageError("errors.config_missing", file=place.name) from None
    return parse_framework(text, file=place.name)


def parse_framework(text: str, *, file: str = "") -> Framework:
    """Parse the text of a framework file; errors as in :func:`load_framework`, naming ``file``."""
    try:
        return Framework(**tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise not_toml(file, text, error) from None
    except ValidationError as error:
        raise UsageError("errors.framework_invalid", file=file, detail=wrong_entries(error)) from None


def checked_source_weights(weights: Mapping[str, float]) -> dict[str, float]:
    """Check source weights given in the configuration.

    Raises
    ------
    UsageError
        For an unknown source, a negative weight, or no positive weight.

    Examples
    --------
    >>> checked_source_weights({"supervisor": 0.6, "peer": 0.4})
    {'supervisor': 0.6, 'peer': 0.4}
    """
    wrong = [f"weights.{name}" for name in weights if name not in SOURCES]
    wrong += [f"weights.{name}: {weight:g}" for name, weight in weights.items() if not weight >= 0]
    if weights and not wrong and sum(weights.values()) <= 0:
        wrong.append("weights: Σ = 0")
    if wrong:
        raise UsageError("errors.config_invalid", file="kinerja.toml", detail="; ".join(wrong))
    return dict(weights)
