"""What can be set in a simulation: frozen records, each default an assumption unless a source is given.

Units: ``merit leniency pair`` of ``Model`` and the e-Kinerja effects of ``Planted`` are SD of the latent scale of the
e-Kinerja ratings (total SD 1); effects on scores are in SD of an employee's true score. The 360 model gives a single
supervisor rating a reliability of about .5, a single peer rating about .37, and puts most of the other variance
into the pair, as the world literature on performance ratings reports; nothing of the kind is published for Indonesia.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

Cells = Mapping[tuple[int, int], float]
Kind = Literal["school", "clinic", "office"]
Layout = Literal["csv_semicolon", "csv", "xlsx_long", "xlsx_wide"]

#: Shares of the nine cells (hasil, perilaku), codes 1 dibawah, 2 sesuai, 3 diatas. The marginal predikat is the
#: national one of 10,290,209 appraisals of PNS 2022-2024: Sangat Baik 11.27 %, Baik 88.46, Butuh Perbaikan .11,
#: Kurang .06, Sangat Kurang .10 [secondary: birokratmenulis.org]; the split inside Baik, Butuh Perbaikan and
#: Kurang is an assumption.
NATIONAL: Cells = MappingProxyType(
    {
        (3, 3): 0.1127, (3, 2): 0.0600, (2, 3): 0.0800, (2, 2): 0.7446, (1, 2): 0.0009,
        (1, 3): 0.0002, (3, 1): 0.0001, (2, 1): 0.0005, (1, 1): 0.0010,
    }
)  # fmt: skip


def with_top(cells: Cells, share: float) -> Cells:
    """Return the cells with another share of Sangat Baik, taken from or given to the middle cell.

    >>> round(with_top(NATIONAL, .15)[2, 2], 4)
    0.7073
    """
    return MappingProxyType({**cells, (3, 3): share, (2, 2): cells[2, 2] + cells[3, 3] - share})


@dataclass(frozen=True, slots=True)
class Opd:
    """An agency: its share of the employees, the size of its teams, and who gives 360 ratings there.

    ``unit`` names its units (``{i}`` is a number), ``teams_per_unit`` > 1 puts several supervisors into a unit,
    ``sources`` empty means no 360 ratings.
    """

    name: str
    kind: Kind
    share: float
    unit: str
    team: tuple[int, int] = (5, 15)
    teams_per_unit: int = 1
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Form:
    """The 360 form: scale, step and level of the scores, ``points`` per SD of an employee's true score.

    ``foreign``: share of the peer ratings given by staff of other units.
    """

    criteria: tuple[str, ...]
    scale: tuple[float, float]
    step: float
    level: float
    points: float
    layout: Layout
    peers: int = 3
    mutual: bool = False
    missing: float = 0.03
    foreign: float = 0.0


@dataclass(frozen=True, slots=True)
class Indicator:
    """An achievement indicator: realisation = target x (``mean`` + ``spread`` x evidence), evidence of SD 1.

    ``whole`` rounds to whole numbers; ``per_unit`` gives all employees of a unit the unit's value.
    """

    name: str
    kinds: tuple[Kind, ...]
    aspect: str
    target: float
    mean: float
    spread: float
    weight: float
    measured_by: Literal["rater", "other"]
    direction: Literal["higher", "lower"] = "higher"
    whole: bool = False
    per_unit: bool = False


@dataclass(frozen=True, slots=True)
class Model:
    """The honest part of the ratings. ``capaian`` is the reliability of achievement."""

    merit: float = 0.70
    leniency: float = 0.30
    pair: float = 0.45
    team_quality: float = 0.20
    stable_merit: float = 0.80
    leniency_score: float = 0.35
    pair_supervisor: float = 0.90
    pair_other: float = 1.20
    self_weight: float = 0.60
    self_shift: float = 0.35
    criterion: float = 0.50
    profile: float = 0.40
    residual: float = 0.40
    capaian: float = 0.60


@dataclass(frozen=True, slots=True)
class Planted:
    """The problems. Zero means absent; ``years`` empty means all years.

    ``own_group`` (and ``own_group_score`` on the 360 scale): the difference that sharing the supervisor's ``asal``
    makes. ``lenient`` / ``lenient_score``: added by every supervisor of ``lenient_units`` units. ``rotation``: share of
    supervisors who change unit in ``rotation_year`` (0: in every year). ``ignores`` and ``halo``: share of supervisors.
    ``reciprocity``: correlation of the two pair effects of two peers. ``gap`` (``gap_score``): supervisors rate women
    that much lower. ``copies``: share of supervisors who give their whole team one set of ratings. ``drift``: added
    with each year after the first by every supervisor of the lenient units, on both scales. ``mismatch``: share of
    recorded predikat that do not follow from the ratings.
    """

    own_group: float = 0.0
    own_group_score: float = 0.0
    years: tuple[int, ...] = ()
    lenient_units: int = 0
    lenient: float = 0.0
    lenient_score: float = 0.0
    rotation: float = 0.0
    rotation_year: int = 0
    self_shift: float = 0.0
    reciprocity: float = 0.0
    ignores: float = 0.0
    halo: float = 0.0
    gap: float = 0.0
    gap_score: float = 0.0
    copies: float = 0.0
    drift: float = 0.0
    mismatch: float = 0.0
    faults: bool = False


@dataclass(frozen=True, slots=True)
class Habits:
    """How the files come about: shares of rows and of raters."""

    not_rated: float = 0.02
    no_skp: float = 0.008
    acting: float = 0.006
    transfers: float = 0.015
    two_rows: bool = False
    late: float = 0.70
    batch: float = 0.04


@dataclass(frozen=True, slots=True)
class Plan:
    """One region: how it is called, organised and rated, and what is planted.

    ``exports``: e-Kinerja files, one a quarter if ``quarterly``, else (or with ``yearly`` too) one for the year.
    """

    code: str
    name: str
    slug: str
    instansi: str
    opds: tuple[Opd, ...]
    size: int = 2000
    bps: str = ""
    province: str = ""
    parent: str = ""
    framework: str = ""
    head: str = "Sekretaris Daerah"
    quarterly: bool = False
    yearly: bool = False
    exports: bool = True
    groups: tuple[str, ...] = ("pesisir", "dataran", "perbukitan")
    form: Form | None = None
    indicators: tuple[Indicator, ...] = ()
    cells: Cells = field(default_factory=lambda: NATIONAL)
    org_mix: tuple[float, float, float, float, float] = (0.005, 0.015, 0.08, 0.80, 0.10)
    model: Model = field(default_factory=Model)
    planted: Planted = field(default_factory=Planted)
    habits: Habits = field(default_factory=Habits)
