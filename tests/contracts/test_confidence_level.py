"""The configuration's confidence level is that of every interval, and a lower level gives no wider one."""

import pandas as pd
import pytest

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.detect import detect
from kinerja_analysis.score import score
from kinerja_analysis.simulate import national

REGION = "76.02"
KEYS = ["detector", "measure", "subject_kind", "subject", "scope", "code"]


@pytest.mark.parametrize(("kind", "years"), [("ekinerja", (2024, 2025)), ("multisource", (2025,))])
def test_every_interval_has_the_level_asked_for(kind: str, years: tuple[int, ...]):
    tables = national.region_tables(REGION, 900, years, 1, kind)
    found = {}
    for level in (0.8, 0.95):
        config = AuditConfig(years=(2025,), level=level)
        frame = detect(tables, score(tables, config), config, cells=[(REGION, 2025)]).to_frame()
        assert set(frame.loc[frame["value"].notna(), "level"]) == {level}
        found[level] = frame[frame["lower"].notna() & frame["upper"].notna()]
    both = pd.merge(found[0.8], found[0.95], on=KEYS, suffixes=("", "_wide"), validate="one_to_one")
    assert both["detector"].nunique() >= 6 and len(both) > 15
    inside = both[(both["lower"] < both["lower_wide"] - 1e-9) | (both["upper"] > both["upper_wide"] + 1e-9)]
    assert inside.empty, inside[[*KEYS, "lower", "lower_wide", "upper", "upper_wide"]].to_string()
    drawn = both["method"] != "full_count_bounds"  # limits of what is missing are the same at every level
    narrower = (both["upper"] - both["lower"]) < 0.9 * (both["upper_wide"] - both["lower_wide"])
    assert narrower[drawn].mean() > 0.8
