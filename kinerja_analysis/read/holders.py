"""The way back from a pseudonym to a person, for the holder of the key only."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.keys import key_bytes
from kinerja_analysis.base.tables import COLUMNS, plain
from kinerja_analysis.read.cells import Cells
from kinerja_analysis.read.identity import pseudonym
from kinerja_analysis.read.session import Session
from kinerja_analysis.read.sources import gather
from kinerja_analysis.read.values import as_text

_NAMES = {
    "person": ("nama", "nama_pegawai"),
    "ratee": ("nama_dinilai", "nama", "nama_pegawai"),
    "rater": ("nama_penilai", "pegawai_atasan_nama", "nama_atasan"),
    "supervisor": ("pegawai_atasan_nama", "nama_atasan"),
    "leader": ("nama_pimpinan",),
}


def holders(paths: Any, config: AuditConfig) -> pd.DataFrame:
    """Return who stands behind the pseudonyms of an input, for the holder of the key only.

    Parameters
    ----------
    paths : path or list of paths
        The files that were audited; what else is wrong with them does not matter here.
    config : AuditConfig
        With the key they were audited with.

    Returns
    -------
    DataFrame
        ``number`` (NIP, name or address as it stands in the file) and ``name`` ("" where the file has none) by
        pseudonym, each once.

    Raises
    ------
    UsageError
        A missing, short or misplaced key.

    Example
    -------
    >>> frame = pd.DataFrame({"nip": ["190501012010011001"], "nama": ["Contoh"], "jenis_kelamin": ["L"]})
    >>> holders(frame, AuditConfig())["name"].tolist()
    ['Contoh']
    """
    session, key = Session(config), key_bytes(config)
    gather(session, paths)
    personal = {c.name: c for c in COLUMNS if c.personal}
    found = [pd.DataFrame({"id": [], "number": [], "name": []}, dtype="str")]
    for block, layout in zip(session.blocks, session.layouts, strict=True):
        folded = [plain(h) for h in block.header]
        for at, own in layout.names.items():
            if own not in personal:
                continue
            who = session.convert(block, at, personal[own], np.arange(len(block)))
            raw, label = block.cells(at), next((folded.index(n) for n in _NAMES[own] if n in folded), -1)
            number = who if config.identifiers == "nip" else raw.spread([as_text(v) for v in raw.distinct], "str")
            names = block.cells(label) if label >= 0 else Cells(np.full(len(block), -1), [])
            name = names.spread([as_text(v) for v in names.distinct], "str")
            part = pd.DataFrame({"id": who, "number": number, "name": name}).dropna(subset="id").drop_duplicates()
            found.append(part.sort_values("name", kind="stable").drop_duplicates("id"))
    everyone = pd.concat(found).sort_values("name", kind="stable").drop_duplicates("id").fillna("")
    return everyone.set_axis([pseudonym(key, n) for n in everyone["id"]])[["number", "name"]]
