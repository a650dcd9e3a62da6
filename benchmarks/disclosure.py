"""How much of the agency-level tables stays readable: counts printed, hidden, withheld per region and year of the demo.

``python benchmarks/disclosure.py`` prints the table and writes ``disclosure.csv`` beside this file. ``share`` is the
share of counts printed; ``rated`` the share of rated persons whose agency and employment print the predikat "Baik".
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from kinerja_analysis.detect import detect
from kinerja_analysis.release import release
from kinerja_analysis.score import score
from kinerja_analysis.simulate import simulate

TABLE = Path(__file__).with_suffix(".csv")
KEYS = ["region", "year", "opd", "employment"]


def main() -> None:
    """Release the demo and count."""
    made = simulate()
    config = made.config.model_copy(update={"detectors": ("matrix_check",)})
    internal = detect(made.tables, score(made.tables, config), config)
    public = release(internal)
    told = public.counts["disclosure"].query("level == 'opd'")
    table = told.assign(share=(told["shown"] / told["cells"]).round(3)).drop(columns="level")
    printed = public.counts["headcount"].query("BAIK > 0").set_index(KEYS).index
    heads = internal.counts["headcount"].set_index(KEYS)
    rated = heads.drop(columns=["total", "not_rated", "no_skp", "excluded"]).sum(axis=1)
    inside = rated[rated.index.isin(printed)].groupby(["region", "year"]).sum()
    share = (inside / rated.groupby(["region", "year"]).sum()).rename("rated").round(3)
    out = table.merge(share.reset_index(), on=["region", "year"])
    out = out[["region", "year", "cells", "shown", "hidden", "withheld", "coarser", "share", "rated"]]
    out.to_csv(TABLE, index=False)
    print(pd.DataFrame(out).to_string(index=False))


if __name__ == "__main__":
    main()
