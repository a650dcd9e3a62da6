"""Names of regions: what kind of region a name says, and the bare name."""

from __future__ import annotations

import re

KINDS = {"kabupaten": "kab", "kab": "kab", "kota": "kota", "provinsi": "prov", "prov": "prov", "propinsi": "prov",
          "kecamatan": "kec", "kec": "kec", "distrik": "kec"}  # fmt: skip
_FILLER = {"pemerintah", "instansi", "pemda", "pemkab", "pemkot", "pemprov", "daerah"}
_FILLER_KIND = {"pemkab": "kab", "pemkot": "kota", "pemprov": "prov"}


def fold(name: str) -> tuple[str, str]:
    """Return the kind ("kab", "kota", "prov", "kec" or "") and the bare name without blanks.

    >>> fold("Pemerintah Kab. Aceh Timur"), fold("Aceh Besar")
    (('kab', 'acehtimur'), ('', 'acehbesar'))
    """
    words = re.findall(r"[^\W_]+", name.lower())
    kind = next((_FILLER_KIND[w] for w in words if w in _FILLER_KIND), "")
    while words and ((words[0] in _FILLER and len(words) > 1) or (words[0] in KINDS and len(words) > 1)):
        kind = KINDS.get(words[0], kind)
        if words[0] == "daerah" and words[1] in ("istimewa", "khusus"):
            break
        words = words[1:]
    return kind, "".join(words)
