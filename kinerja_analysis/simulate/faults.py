"""The faults real exports have, planted one by one and listed in the truth (scenario ``data_rusak``).

``same``: written otherwise but readable, the tables hold the right value. ``changed``: the file says something
else than the rule, and the tables hold what the file says. ``lost``: not readable, the value is missing in the
tables. ``repeated``: the row stands twice in the file and once in the tables.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from kinerja_analysis.base.tables import PREDIKAT
from kinerja_analysis.simulate.people import World, stream

_BP, _K, _B, _SB = PREDIKAT[2], PREDIKAT[1], PREDIKAT[3], PREDIKAT[4]
EACH = 6
_SPELLINGS = {1: "Di Bawah Ekspektasi", 2: "Sesuai ekspektasi ", 3: "Di Atas Ekspektasi"}
_WORDS = {_BP: "CUKUP", _K: "KURANG/MISCONDUCT", _SB: "Istimewa"}
UNKNOWN = "Memuaskan"


def damage(world: World, frame: pd.DataFrame, year: int, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Plant the faults in the rows of one e-Kinerja workbook.

    Returns
    -------
    frame : DataFrame
        The rows, with what the file says where a fault changes or loses a value, and one team whose ratings a
        program filled in (all above expectation, one time stamp).
    faults : DataFrame
        ``position column text fault effect``; a repeated row has an empty column.
    """
    rng = stream(seed, world.plan.code, 15, year)
    frame = _filled_in(frame)
    rated = rng.permutation(np.flatnonzero((frame["status"] == "rated").to_numpy() & ~frame["acting"].to_numpy()))
    groups = np.array_split(rated, 6)
    nip = world.persons["nip"].to_numpy()[frame["person"].to_numpy()]
    rows: list[tuple[int, str, str, str, str]] = []
    for k, p in enumerate(groups[0][: 3 * EACH]):
        n = nip[p]
        form = ("nip_grouped", "nip_apostrophe", "nip_nbsp")[k % 3]
        text = {"nip_grouped": f"{n[:8]} {n[8:14]} {n[14]} {n[15:]}", "nip_apostrophe": f"'{n}", "nip_nbsp": f"{n}\xa0"}
        rows.append((int(p), "nip", text[form], form, "same"))
    for p in groups[1][:EACH]:
        rows.append((int(p), "hasil_kerja", _SPELLINGS[int(frame["hasil"].iloc[p])], "label_variant", "same"))
    predikat = frame["predikat"].to_numpy().copy()
    for word in _WORDS:
        for p in [p for p in groups[2] if predikat[p] == word][:EACH]:
            rows.append((int(p), "hasil_akhir", _WORDS[word], "label_variant", "same"))
    for p in [p for p in groups[3] if predikat[p] in (_B, _SB)][:EACH]:
        predikat[p] = _SB if predikat[p] == _B else _B
        rows.append((int(p), "hasil_akhir", str(predikat[p]), "matrix_contradiction", "changed"))
    for p in groups[4][: EACH // 2]:
        predikat[p] = ""
        rows.append((int(p), "hasil_akhir", UNKNOWN, "unknown_label", "lost"))
    for p in groups[5][:EACH]:
        rows.append((int(p), "", "", "repeated_row", "repeated"))
    faults = pd.DataFrame(rows, columns=["position", "column", "text", "fault", "effect"])
    return frame.assign(predikat=predikat), faults


def _filled_in(frame: pd.DataFrame) -> pd.DataFrame:
    """Let a program rate the biggest team: every rating above expectation, all in one second."""
    biggest = frame["supervisor"].value_counts().sort_index().idxmax()
    here = (frame["supervisor"] == biggest) & (frame["status"] == "rated")
    first = frame.loc[here, "rated_at"].min()
    return frame.assign(
        hasil=frame["hasil"].mask(here, 3),
        perilaku=frame["perilaku"].mask(here, 3),
        predikat=frame["predikat"].mask(here, _SB),
        rated_at=frame["rated_at"].mask(here, first),
    )
