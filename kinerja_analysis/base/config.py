"""The configuration: frozen, checked, printable; read from TOML with codes as text."""

from __future__ import annotations

import hashlib
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from kinerja_analysis.base.words import LANGUAGES, has

if TYPE_CHECKING:
    from kinerja_analysis.base.errors import UsageError

REGION_CODE = re.compile(r"^\d{2}(\.\d{2}(\.\d{2}(\.\d{4})?)?)?\Z")


DISCLOSURE = {"persons": 10, "raters": 3, "dominance": 85, "width": 5}
Codes = Literal["", "best_first", "worst_first"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RegionConfig(_Frozen):
    """One declared region: its name, the units that make it up (below a regency), its indicator system."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str = ""
    bps: str = ""
    province: str = ""
    parent: str = ""
    units: tuple[str, ...] = ()
    framework: str = ""


class MappingConfig(_Frozen):
    """How a table with unknown columns is read: which table it is and which column is what.

    ``columns`` maps our column names to the file's; ``constants`` fills columns the file does not have; ``values``
    translates cells by column; ``codes`` says what numbers mean: ``best_first`` where 1 is the best (a score is then
    turned round on its scale), ``worst_first`` where 1 is the lowest.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    file: str = "*"
    sheet: str = "*"
    table: Literal[
        "ratings", "appraisals", "employees", "achievements", "units", "cases", "ekinerja", "legacy", "skp_list"
    ]  # fmt: skip
    columns: dict[str, str] = Field(default_factory=dict)
    constants: dict[str, str | int | float] = Field(default_factory=dict)
    values: dict[str, dict[str, str]] = Field(default_factory=dict)
    header_row: int | None = None
    codes: Codes = ""

    @field_validator("values", mode="before")
    @classmethod
    def _numbers(cls, given: Any) -> Any:
        """Take numbers of scores without quotation marks too; other values may be codes, which a number would cut."""
        own = given.get("score") if isinstance(given, dict) else None
        if not isinstance(own, dict):
            return given
        return given | {"score": {k: str(v) if type(v) in (int, float) else v for k, v in own.items()}}


class DatabaseConfig(_Frozen):
    """A query whose rows are read as a table.

    ``url`` is an SQLAlchemy address, or ``env:NAME`` for one that stands in an environment variable, so that no
    password is written down.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    url: str = Field(repr=False)
    query: str
    name: str = "basis data"


class AuditConfig(_Frozen):
    """Everything that can be set. ``thresholds`` overrides a detector's toml, e.g. ``{"leniency.delta": 0.3}``.

    ``disclosure``: ``persons`` and ``raters`` a printed number needs, ``dominance`` the largest share of one rater in
    it (percent), ``width`` how far apart the possible values of a hidden count must lie.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    regions: dict[str, RegionConfig] = Field(default_factory=dict)
    years: tuple[int, ...] = ()
    level: float = Field(0.95, gt=0.5, lt=1)
    fdr: float = Field(0.10, gt=0, lt=0.5)
    practical_difference: float = Field(0.25, ge=0)
    minimum_n: int = Field(5, ge=2)
    disclosure: dict[str, int] = Field(default_factory=lambda: dict(DISCLOSURE))
    framework: str = ""
    mapping: tuple[MappingConfig, ...] = ()
    codes: Codes = ""
    databases: dict[str, DatabaseConfig] = Field(default_factory=dict)
    identifiers: Literal["nip", "other", "pseudonymous"] = "nip"
    key_file: str = ""
    detectors: tuple[str, ...] = ()
    thresholds: dict[str, float] = Field(default_factory=dict)
    weights: dict[str, float] = Field(default_factory=dict)
    profiles: tuple[str, ...] = ()
    seed: int = 1
    languages: tuple[str, ...] = LANGUAGES
    retention_days: int = Field(365, ge=1)
    notebook_seconds: int = Field(600, ge=1)

    if not TYPE_CHECKING:  # for type checkers the fields are the parameters

        def __init__(self, **given: Any) -> None:
            """Raise ``WrongSettings`` (a ``UsageError``) naming every wrong entry."""
            from kinerja_analysis.base.errors import WrongSettings

            try:
                super().__init__(**given)
            except ValidationError as error:
                raise WrongSettings("errors.settings_invalid", detail=wrong_entries(error)) from None

    @field_validator("regions")
    @classmethod
    def _codes(cls, regions: dict[str, RegionConfig]) -> dict[str, RegionConfig]:
        wrong = [code for code in regions if not REGION_CODE.match(code)]
        if wrong:
            raise ValueError(f"not a Kemendagri code with dots: {', '.join(wrong)}")
        return regions

    @field_validator("languages")
    @classmethod
    def _languages(cls, chosen: tuple[str, ...]) -> tuple[str, ...]:
        unknown = sorted(set(chosen) - set(LANGUAGES))
        if unknown:
            raise ValueError(f"no such language: {', '.join(unknown)} (known: {', '.join(LANGUAGES)})")
        return chosen

    @field_validator("disclosure")
    @classmethod
    def _disclosure(cls, limits: dict[str, int]) -> dict[str, int]:
        unknown = sorted(set(limits) - set(DISCLOSURE))
        if unknown:
            raise ValueError(f"not a limit of disclosure: {', '.join(unknown)} (known: {', '.join(DISCLOSURE)})")
        return DISCLOSURE | limits

    @staticmethod
    def read(path: str | Path) -> AuditConfig:
        """Read a TOML file. Raises ``UsageError`` naming the file, the key and what is wrong.

        Unknown keys and numbers where a code is expected are errors (``76.10`` unquoted would become 76.1).
        """
        from kinerja_analysis.base.errors import UsageError, WrongSettings

        place = Path(path)
        try:
            text = place.read_text(encoding="utf-8")
        except (OSError, ValueError):  # not there, not to be read, no text
            raise UsageError("errors.config_missing", file=place.name) from None
        try:
            return AuditConfig(**tomllib.loads(text))
        except tomllib.TOMLDecodeError as error:
            raise not_toml(place.name, text, error) from None
        except WrongSettings as error:
            raise UsageError("errors.config_invalid", file=place.name, detail=error.params["detail"]) from None

    def overrides(self) -> dict[str, float]:
        """Return the thresholds the user changed; ``practical_difference`` and ``minimum_n`` are the short names of
        ``leniency.delta`` and ``leniency.min_ratees`` (a full name wins).

        >>> AuditConfig(minimum_n=8).overrides()
        {'leniency.min_ratees': 8.0}
        """
        short = {"leniency.delta": "practical_difference", "leniency.min_ratees": "minimum_n"}
        changed = {
            key: float(getattr(self, name))
            for key, name in short.items()
            if getattr(self, name) != type(self).model_fields[name].default
        }
        return changed | self.thresholds

    def about(self, region: str) -> AuditConfig:
        """Return what of the configuration concerns one region: of the declared regions itself and those around it.

        Another region's entry then changes nothing of this one's audit.

        >>> config = AuditConfig(regions={"01.01": RegionConfig(), "01.02": RegionConfig(parent="01.01")})
        >>> list(config.about("01.02").regions), list(config.about("01.03").regions)
        (['01.01', '01.02'], [])
        """
        own = self.regions
        parent = own[region].parent if region in own else ""
        near = {code: r for code, r in own.items() if code in (region, parent) or r.parent == region}
        return self.model_copy(update={"regions": near})

    def digest(self) -> str:
        """SHA-256 of the configuration, first 12 hex digits, without what changes no result of a region and year.

        Left out: where key and databases are, the time limit, which years and languages are asked for (a new year
        leaves the others as they are; languages are compared by themselves).
        """
        text = self.model_dump_json(exclude={"key_file", "databases", "notebook_seconds", "years", "languages"})
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able dict without the place of the key file."""
        return self.model_dump(mode="json", exclude={"key_file", "databases"})


def not_toml(file: str, text: str, error: ValueError) -> UsageError:
    """Return the sentence for a text that is no TOML, with line and column instead of the library's words.

    >>> not_toml("a.toml", "years = [2025", ValueError("Unclosed array (at end of document)")).params["line"]
    '1'
    """
    from kinerja_analysis.base.errors import UsageError

    lines = text.splitlines() or [""]
    at = re.search(r"line (\d+), column (\d+)", str(error))
    line, column = at.groups() if at else (str(len(lines)), str(len(lines[-1]) + 1))
    return UsageError("errors.config_toml", file=file, line=line, column=column)


def wrong_entries(error: ValidationError) -> list[tuple[str, dict[str, Any]]]:
    """Return a message for each wrong entry: its key, its value where it can be shown, what is expected.

    Of mappings and databases no value and no key of the file's own is told: it can be a person's name or a password.
    """
    told, inside = [], {e["loc"][:1] for e in error.errors() if len(e["loc"]) > 1}
    for e in error.errors():
        if e["type"] == "too_short" and e["loc"] in inside:  # the entries that are there are wrong, and named
            continue
        loc, kind = [str(part) for part in e["loc"] if part != "[key]"] or [""], e["type"]
        kind = f"value_{loc[0]}" if kind == "value_error" else kind
        key = next((k for k in (kind, kind.split("_")[0]) if has(f"errors.entry.{k}")), "other")
        plain = isinstance(e["input"], (str, int, float)) and loc[0] not in ("mapping", "databases", "key_file")
        shown = str(e["input"])[:60] if plain else None
        limits = {k: str(v).replace(" or ", ", ") for k, v in e.get("ctx", {}).items()}
        odd = limits.get("error", "").partition(": ")[2].partition(" (")[0]
        told.append((f"errors.entry.{key}", {"entry": ".".join(loc[:4]), "value": shown, "odd": odd, **limits}))
    return told
