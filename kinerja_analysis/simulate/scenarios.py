"""Scenarios by name: ``demo`` (four regions, each with its own planted problem) and one-problem worlds.

``nasional`` national base rates and ordinary raters; ``panduan`` a predikat mix as SE MenPANRB 3/2023 asks;
``lunak`` everyone Baik; ``favoritisme`` a merit-free bonus for the supervisor's own group; ``halo`` perilaku copies
hasil, and half of the supervisors give one overall impression in the 360 ratings; ``rekan_baku`` peers return
favours; ``data_rusak`` the faults real exports have; ``clean`` no planted problem; ``null`` no difference between
raters at all; ``menyeluruh`` as ``clean``, with 360 ratings by the supervisor, five peers and oneself in every agency.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from types import MappingProxyType

from kinerja_analysis.simulate.plan import NATIONAL, Cells, Form, Indicator, Model, Opd, Plan, Planted
from kinerja_analysis.simulate.regions import BERAKHLAK, DEMO

_ALL = ("supervisor", "peer", "self")
#: A region without a place: province 99 does not exist.
GENERIC = Plan(
    code="99.01", name="Contoh 1", slug="contoh-1", instansi="Pemerintah Kab. Contoh 1",
    opds=(
        Opd("Dinas Pendidikan", "school", 0.42, "SD Contoh {i:03d}", (12, 40)),
        Opd("Dinas Kesehatan", "clinic", 0.22, "Puskesmas Contoh {i:03d}", (5, 15), 1, _ALL),
        Opd("Dinas Sosial", "office", 0.18, "Bidang Sosial {i:03d}", (5, 15), 1, _ALL),
        Opd("Sekretariat Daerah", "office", 0.18, "Bagian {i:03d}", (5, 15)),
    ),
    form=Form(BERAKHLAK, (0, 100), 1, 77, 6, "xlsx_long", mutual=True),
    indicators=(
        Indicator("jumlah_layanan", ("school", "clinic", "office"), "kuantitas", 240, 1.0, 0.10, 0.5, "rater",
                  whole=True),
        Indicator("kepuasan_masyarakat", ("school", "clinic", "office"), "kualitas", 80, 1.01, 0.07, 0.5, "other"),
    ),
)  # fmt: skip

#: SB 18, B 65, BP 12, K 4, SK 1 %: inside SE MenPANRB 3/2023 for an organisation rated Baik; the split is assumed.
GUIDE: Cells = MappingProxyType(
    {
        (3, 3): 0.18, (3, 2): 0.06, (2, 3): 0.08, (2, 2): 0.51, (1, 2): 0.10,
        (1, 3): 0.02, (3, 1): 0.005, (2, 1): 0.035, (1, 1): 0.01,
    }
)  # fmt: skip
ALL_BAIK: Cells = MappingProxyType({(3, 2): 0.06, (2, 3): 0.08, (2, 2): 0.86})
#: The national predikat with both ratings equal wherever the predikat allows it.
COPIED: Cells = MappingProxyType(
    {**NATIONAL, (3, 2): 0.0, (2, 3): 0.0, (2, 2): NATIONAL[2, 2] + NATIONAL[3, 2] + NATIONAL[2, 3]}
)

_VARIANTS: dict[str, Callable[[Plan], Plan]] = {
    "nasional": lambda plan: plan,
    "panduan": lambda plan: replace(plan, cells=GUIDE, org_mix=(0.0, 0.0, 0.0, 1.0, 0.0)),
    "lunak": lambda plan: replace(plan, cells=ALL_BAIK),
    "favoritisme": lambda plan: replace(plan, planted=Planted(own_group=0.90, own_group_score=0.80)),
    "halo": lambda plan: replace(plan, cells=COPIED, planted=Planted(halo=0.50)),
    "rekan_baku": lambda plan: replace(plan, planted=Planted(reciprocity=0.80)),
    "data_rusak": lambda plan: replace(plan, planted=Planted(faults=True)),
    "clean": lambda plan: plan,
    "menyeluruh": lambda plan: replace(
        plan, opds=tuple(replace(o, team=(8, 15), sources=_ALL) for o in plan.opds),
        form=replace(plan.form, peers=5, mutual=False) if plan.form else None,
    ),
    "null": lambda plan: replace(plan, model=Model(leniency=0.0, leniency_score=0.0, team_quality=0.0, self_shift=0.0)),
}
SCENARIOS = ("demo", *_VARIANTS)


def plans(scenario: str, regions: Sequence[str] | None = None) -> tuple[Plan, ...]:
    """Return the regions of a scenario.

    Parameters
    ----------
    scenario : str
        One of ``SCENARIOS``.
    regions : sequence of str, optional
        Codes or names. ``demo``: some of its four regions. Else: any Kemendagri codes, one region each; by
        default one region of no real place.

    Returns
    -------
    tuple of Plan

    Raises
    ------
    ValueError
        For an unknown scenario or region, or a region named twice.

    Examples
    --------
    >>> [plan.name for plan in plans("demo", ["76.02", "kuranji"])]
    ['Mamuju', 'Kuranji']
    >>> plans("nasional")[0].code
    '99.01'
    """
    if scenario not in SCENARIOS:
        raise ValueError(f"no scenario {scenario!r}; there are: {', '.join(SCENARIOS)}")
    if scenario == "demo":
        found = DEMO if regions is None else tuple(_demo(name) for name in regions)
    else:
        found = tuple(_VARIANTS[scenario](_generic(code)) for code in regions or (GENERIC.code,))
    codes = [plan.code for plan in found]
    if len(set(codes)) < len(codes):
        raise ValueError(f"a region is named twice: {', '.join(codes)}")
    return found


def _demo(name: str) -> Plan:
    for plan in DEMO:
        if name.casefold() in (plan.code, plan.name.casefold()):
            return plan
    raise ValueError(f"the demo has no region {name!r}; it has: {', '.join(p.name for p in DEMO)}")


def _generic(code: str) -> Plan:
    if code == GENERIC.code:
        return GENERIC
    known = next((p for p in DEMO if code.casefold() in (p.code, p.name.casefold())), None)
    if known is not None:
        return replace(
            GENERIC, code=known.code, name=known.name, slug=known.slug, instansi=known.instansi, bps=known.bps,
            province=known.province, parent=known.parent,
        )  # fmt: skip
    slug = f"wilayah-{code.replace('.', '')}"
    return replace(GENERIC, code=code, name=f"Contoh {code}", slug=slug, instansi=f"Pemerintah Kab. Contoh {code}")
