"""Region names and codes: declared ones first, then the reference list; an ambiguous name lists the choices."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import pandas as pd

from kinerja_analysis.base.config import REGION_CODE, AuditConfig
from kinerja_analysis.base.errors import UsageError
from kinerja_analysis.base.project import CLONE, PACKED
from kinerja_analysis.base.region_names import KINDS, fold

REFERENCE = Path("data") / "referensi" / "wilayah.csv"
_BETWEEN = "\x1f"


#: Words after the name of a region that do not belong to it.
_AFTER = {"tahun", "thn", "periode", "per", "bulan", "triwulan", "tw", "semester", "tanggal", "provinsi", "propinsi",
          "prov", "kabupaten", "kab", "kota", "pada", "untuk", "republik", "ri", "badan", "dinas", "kantor",
          "sekretariat", "inspektorat", "bkpsdm", "bkpp", "bkd"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Region:
    """One region: its Kemendagri code with dots, BPS code, official name, province."""

    code: str
    bps: str
    name: str
    province: str

    @property
    def label(self) -> str:
        """Name, province and code, as listed among choices."""
        where = f", {self.province}" if self.province and self.province != self.name else ""
        return f"{self.name}{where} ({self.code})"


@lru_cache(maxsize=4)
def reference(place: Path | None = None) -> tuple[Region, ...]:
    """Return the reference list, or nothing when it is not at hand.

    It is looked for beside the package, inside it, and in the working folder.
    """
    if place is None:
        place = next((p for p in (root / REFERENCE for root in (CLONE, PACKED, Path.cwd())) if p.is_file()), None)
    if place is None:
        return ()
    with place.open(encoding="utf-8-sig", newline="") as lines:
        return tuple(
            Region(r["kemendagri"], r["bps"], r["name"], r["province"]) for r in csv.DictReader(lines, delimiter=";")
        )


def place(code: str, config: AuditConfig) -> Region:
    """Return a region with the BPS code and province it is declared with, else those of the reference list, else "".

    >>> place("99.99", AuditConfig(regions={"99.99": {"province": "Contoh"}}))
    Region(code='99.99', bps='', name='99.99', province='Contoh')
    """
    nothing, listed = Region(code, "", code, ""), {r.code: r for r in reference()}
    own, known = config.regions.get(code, nothing), listed.get(code, nothing)
    province = own.province or known.province or listed.get(code.partition(".")[0], nothing).province
    return replace(known, bps=own.bps or known.bps, province=province)


@lru_cache(maxsize=4)
def _by_name(regions: tuple[Region, ...]) -> dict[str, list[tuple[str, Region]]]:
    found: dict[str, list[tuple[str, Region]]] = {}
    for region in regions:
        kind, name = fold(region.name)
        found.setdefault(name, []).append((kind, region))
    return found


def _goes_on(last: str, rest: list[str], found: list[Region]) -> bool:
    """Tell whether the words after a region's name say something else than its name."""
    begins, follows = re.findall(r"[^\W_]+", rest[0].lower()), fold(" ".join(rest))[1]
    return (
        not last[-1].isalnum()
        or not rest[0][0].isalpha()
        or begins[0] in _AFTER
        or any(follows.startswith(fold(r.province)[1]) for r in found if r.province)
    )


class Regions:
    """Finds regions by code or name."""

    def __init__(self, config: AuditConfig) -> None:
        self.declared = tuple(Region(code, r.bps, r.name or code, r.province) for code, r in config.regions.items())
        self._listed = reference()
        listed = {r.code: r for r in self._listed}
        self._by_code = listed | {r.code: r for r in self.declared if r.name != r.code or r.code not in listed}
        self._by_bps = {r.bps: r.code for r in self._by_code.values() if r.bps}
        self._levels = {r.code.count(".") for r in listed.values()} and {0, 1}
        self._units = {
            (r.parent or code.rpartition(".")[0]) + _BETWEEN + unit.casefold(): code
            for code, r in config.regions.items()
            for unit in r.units
        }

    def find(self, text: str) -> list[Region]:
        """Return the regions a text may mean: one when it is clear, several when ambiguous, none when unknown.

        A code is a Kemendagri code with dots or a BPS code without. A declared name wins over the reference list.
        """
        text = " ".join(text.split())
        if REGION_CODE.match(text):
            known = self._by_code.get(text)
            if known:
                return [known]
            return [] if text.count(".") in self._levels else [Region(text, "", text, "")]
        if text.isdigit():
            code = self._by_bps.get(text)
            return [self._by_code[code]] if code else []
        return self._named(self.declared, text) or self._named(self._listed, text)

    @staticmethod
    def _named(regions: tuple[Region, ...], text: str) -> list[Region]:
        kind, name = fold(text)
        hits = _by_name(regions).get(name, []) if name else []
        own = [r for k, r in hits if kind and (k == kind or (kind == "prov" and "." not in r.code))]
        inner = kind in ("kab", "kota", "kec")  # a regency of that name is not the province
        return own or [r for k, r in hits if not kind or (not k and not (inner and "." not in r.code))]

    def named(self, text: str) -> str:
        """Return the code of the one region a text means; raises ``UsageError`` for none or several."""
        found = self.find(text)
        if len(found) == 1:
            return found[0].code
        if found:
            raise UsageError("problems.region_ambiguous", region=text, choices="; ".join(r.label for r in found))
        raise UsageError("problems.region_unknown", region=text, nearest=self.close(text) or None)

    def prefix(self, text: str) -> list[Region]:
        """Return what a text means after dropping words from its end until something is found.

        What is dropped may say when or in which province ("Tahun 2025"), not make it another name: with "Utara" behind
        it, a regency is another one.
        """
        words = text.split()
        for n in range(len(words), 0, -1):
            found = self.find(" ".join(words[:n]))
            if found:
                return found if n == len(words) or _goes_on(words[n - 1], words[n:], found) else []
        return []

    def name(self, code: str) -> str:
        """Return the name of a code, or the code."""
        return self._by_code[code].name if code in self._by_code else code

    def close(self, text: str) -> str:
        """Return the nearest known name or code, as a hint."""
        from kinerja_analysis.read.values import nearest

        if REGION_CODE.match(text) or text.isdigit():
            return ""
        bare = {r.name.split(" ", 1)[-1] if r.name.split()[0].lower() in KINDS else r.name: r
                for r in self._by_code.values()}  # fmt: skip
        names = [*bare, *(r.name for r in self._by_code.values())]
        hit = nearest(text, names, 0.75) or nearest(fold(text)[1], names, 0.75)
        return bare[hit].label if hit in bare else hit

    def move(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the frame with rows of declared units moved to the region below that lists them."""
        if not self._units or "unit" not in frame.columns or frame.empty:
            return frame
        region = frame["region"].astype("str")
        for column in ("opd", "unit"):
            key = frame["region"].astype("str") + _BETWEEN + frame[column].astype("str").fillna("").str.casefold()
            moved = key.map(self._units)
            region = region.mask(moved.notna(), moved)
        return frame.assign(region=region.astype("str"))


def related(code: str, argument: str | None) -> bool:
    """Tell whether a region is the command's, lies within it or holds it under one government.

    A district belongs to the government of its regency or city; a province employs people of its own.

    >>> related("13.71.09", "13.71"), related("13.71", "13.71.09"), related("13.71", "13.72"), related("13.71", None)
    (True, True, False, True)
    >>> related("13.71", "13"), related("13", "13.71")
    (True, False)
    """
    if argument is None or code == argument:
        return True
    return code.startswith(argument + ".") or ("." in code and argument.startswith(code + "."))


def chosen(
    cells: Sequence[tuple[str, int]], region: str | None, year: int | None, config: AuditConfig
) -> list[tuple[str, int]]:
    """Return the cells of a region (code or name) with those within it, and of a year; None: of all.

    Where there is none of the region, those of the regency or city it lies in: its files may name only that one.

    >>> cells = [("13.71", 2024), ("13.71", 2025), ("13.71.09", 2025)]
    >>> chosen(cells, "13.71.09", None, AuditConfig()), len(chosen(cells, "13.71", 2025, AuditConfig()))
    ([('13.71.09', 2025)], 2)
    """
    mine = [c for c in cells if year in (None, c[1])]
    if region is None:
        return mine
    code = Regions(config).named(str(region))
    above = {c: r.parent for c, r in config.regions.items()}
    within = [c for c in mine if c[0] == code or c[0].startswith(code + ".") or above.get(c[0]) == code]
    return within or [c for c in mine if related(c[0], code)]
