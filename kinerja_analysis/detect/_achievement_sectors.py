"""What a sector is measured by: the indicator system's own sectors, and by agency and aspect where it names none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kinerja_analysis.base.tables import plain
from kinerja_analysis.detect._achievement_rows import Floats, Rated
from kinerja_analysis.detect.context import Context
from kinerja_analysis.detect.evidence import KNOWN, achievements
from kinerja_analysis.score import frameworks_of
from kinerja_analysis.score.achievement import achievement
from kinerja_analysis.score.framework import Framework, Sector


@dataclass(frozen=True)
class Yardstick:
    """Achievement counted in a certain way, for the employees of certain agencies.

    ``evidence`` is the achievement of each rated employee, ``here`` marks those of the agencies. ``by`` says what a
    sector is: "framework", "opd", or "aspect" for all agencies together; ``sector`` and ``measure`` name the two.
    """

    by: str
    sector: str
    measure: str
    evidence: Floats
    here: NDArray[np.bool_]


def yardsticks(ctx: Context, base: Rated) -> Iterator[Yardstick]:
    """Yield the yardsticks of the region: by aspect, by other agency and aspect, by sector of the indicator system."""
    framework = ctx.memo("frameworks", lambda: frameworks_of(ctx.tables, ctx.config)).get(ctx.region)
    code, names = pd.factorize(base.rows["opd"].fillna(""), sort=True)
    declared = [s for s in framework.sectors if s.measures] if framework else []
    named = {plain(a): s.name for s in declared for a in s.members}
    sector_of = [named.get(plain(str(n)), "") for n in names]
    every = np.ones(len(code), dtype=bool)
    for aspect in sorted(ctx.tables.achievements["aspect"].dropna().unique()):
        evidence = base.evidence(ctx.memo(("aspect", aspect), lambda a=aspect: achievements(ctx, aspect=a)))
        yield Yardstick("aspect", "", str(aspect), evidence, every)
        for i, name in enumerate(names):
            if name and not sector_of[i]:
                yield Yardstick("opd", str(name), str(aspect), evidence, code == i)
    for sector in declared:
        here = np.array([n == sector.name for n in sector_of], dtype=bool)[code]
        for key, known in ctx.memo(("sector", sector.name), lambda s=sector: _measured(ctx, framework, s)):
            yield Yardstick("framework", sector.name, key, base.evidence(known), here)


def _measured(ctx: Context, framework: Framework, sector: Sector) -> list[tuple[str, pd.DataFrame]]:
    """Return each measure of a sector and the achievement of everybody by it."""
    table, found = ctx.tables.achievements, []
    keys = table["indicator"].map(framework.indicator_keys(table["indicator"].dropna().unique()))
    for measure in sector.measures:
        rows = table[table["aspect"].isin(measure.aspects) | keys.isin(measure.indicators)]
        mine = achievement(rows, {ctx.region: framework})
        found.append((measure.name, mine.loc[mine["achievement"].notna(), KNOWN]))
    return found
