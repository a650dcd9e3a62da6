"""What is out already: counts printed by earlier releases, and by those of regions that contain this one or lie in it.

Every public audit carries the list (``counts["published"]``): region, year, which count, what was printed, the
multiple it was rounded to, and the digest of the data. Nothing is ever taken off it. A second copy lies at the internal
level, sealed with the key and written before the report is: a public audit that was lost or changed weakens nothing.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kinerja_analysis.base.config import AuditConfig
from kinerja_analysis.base.errors import DisclosureRefused
from kinerja_analysis.base.keys import key_bytes, key_id
from kinerja_analysis.base.results import Audit
from kinerja_analysis.base.store import inside, sealed, write_atomic
from kinerja_analysis.release.attacker import HIDDEN, Ints, Published
from kinerja_analysis.release.linked import Book
from kinerja_analysis.release.suppress import BASES, rounded

PUBLISHED = ["region", "year", "count", "shown", "base", "data"]


def kin(config: AuditConfig, region: str) -> set[str]:
    """Return the declared regions that contain a region or lie within it.

    >>> from kinerja_analysis.base.config import RegionConfig
    >>> config = AuditConfig(regions={"01.01": RegionConfig(), "01.01.02": RegionConfig(parent="01.01")})
    >>> kin(config, "01.01"), kin(config, "01.01.02")
    ({'01.01.02'}, {'01.01'})
    """
    own = config.regions
    within = {code for code, other in own.items() if other.parent == region}
    return within | ({own[region].parent} if region in own and own[region].parent in own else set())


def _ledger(out: Path, region: str, year: int) -> Path:
    return out / "internal" / str(year) / "published" / f"{region}.json"


def remember(public: Audit, out: Path) -> None:
    """Write down, at the internal level below ``out``, what a public audit is about to print."""
    key, frame = key_bytes(public.config), public.counts["published"]
    for region, year in public.cells:
        mine = frame[(frame["region"] == region) & (frame["year"] == year)]
        body = {"format": 1, "key_id": key_id(key), "rows": mine[PUBLISHED].to_numpy(object).tolist()}
        text = json.dumps({**body, "seal": sealed(body, "internal", key)}, ensure_ascii=False)
        place = _ledger(out, region, year)
        write_atomic(inside(place.parent) / place.name, text.encode(), mode=0o600)


def remembered(out: Path, region: str, year: int, config: AuditConfig) -> pd.DataFrame | None:
    """Return what was written down of one region and year; None where nothing was.

    Raises ``DisclosureRefused`` when it was changed. What was sealed with another key is believed: it adds only.
    """
    place, key = _ledger(out, region, year), key_bytes(config)
    if not place.exists():
        return None
    try:
        body = dict(json.loads(place.read_text(encoding="utf-8")))
        told = str(body.pop("seal"))
        if body["key_id"] == key_id(key) and not hmac.compare_digest(told, sealed(body, "internal", key)):
            raise ValueError
        return pd.DataFrame(body["rows"], columns=PUBLISHED).astype(dict.fromkeys(("year", "shown", "base"), "int64"))
    except (OSError, ValueError, KeyError, TypeError):
        raise DisclosureRefused("errors.published_changed", region=region, year=str(year)) from None


def before(earlier: Sequence[Audit]) -> pd.DataFrame:
    """Return every count earlier public audits say was printed."""
    found = [a.counts["published"] for a in earlier if "published" in a.counts]
    return pd.concat(found).drop_duplicates(ignore_index=True) if found else pd.DataFrame(columns=PUBLISHED)


def starts(
    book: Book, truth: Ints, known: pd.DataFrame, cell: tuple[str, int], overlapping: set[str], data: str,
    smallest: int, width: int,
) -> tuple[Ints, NDArray[np.bool_], list[Published]]:  # fmt: skip
    """Return how coarsely each count starts, which are withheld, and what is public of these very counts.

    A count that differs from what other data of the same region and year gave by less than ``smallest`` is not
    printed (below the region) or rounded until both read alike. A count whose difference to that of a region
    containing it, or lying in it, would be known to less than ``width`` is treated alike.
    """
    start, gone = np.full(len(truth), BASES[0], dtype=np.int64), np.zeros(len(truth), bool)
    place = {name: i for i, name in enumerate(book.names)}
    mine = known[known["count"].isin(place) & (known["year"] == cell[1])]
    for r in mine[(mine["region"] != cell[0]) | (mine["data"] != data)].itertuples():
        i, other = place[str(r.count)], (int(r.shown), int(r.base))  # type: ignore[arg-type]
        if r.region == cell[0]:
            fits = [b for b in BASES if _apart(rounded(int(truth[i]), b), rounded(other[0], b), smallest)]
        elif r.region in overlapping:
            fits = [b for b in BASES if _loose(int(truth[i]), b, other, smallest, width)]
        else:
            continue
        coarser = max(int(start[i]), fits[0] if fits else BASES[-1])
        gone[i] |= coarser > BASES[0] and not book.kept[i]
        start[i] = coarser if book.kept[i] else start[i]
    same = mine[(mine["region"] == cell[0]) & (mine["data"] == data)]
    rows = [place[str(name)] for name in same["count"]]
    if not rows:
        return start, gone, []
    shown, base = (same[c].to_numpy(np.int64) for c in ("shown", "base"))
    return start, gone, [Published(book.matrix()[rows], shown, base, smallest)]


def _apart(now: int, then: int, smallest: int) -> bool:
    return now == then or abs(now - then) >= smallest


def _loose(count: int, base: int, other: tuple[int, int], smallest: int, width: int) -> bool:
    """Return whether the difference of two overlapping regions stays unknown by at least ``width``.

    >>> _loose(400, 5, (400, 5), 10, 5), _loose(400, 10, (400, 5), 10, 5)
    (False, True)
    """
    shown = rounded(count, base) if count >= smallest else HIDDEN
    pair = Published(np.eye(2), np.array([shown, other[0]]), np.array([base, other[1]]), smallest)
    low, high = pair.bounds()
    least, most = low[0] - high[1], high[0] - low[1]
    if most < -least:  # the other one is the larger
        least, most = -most, -least
    return bool(most - max(0.0, least) >= width)
