"""Published values, our values beside them, and the page that shows both.

    make validation

Every row of `oracles.csv` has one function in a `checks_*` module, which hands our values to `Oracle.compare`. The
tests run them one by one; `make validation` runs them all and writes `docs/metode/validasi.csv` (every value) and
`docs/metode/validasi.md`; the notebook `90_validasi_metode` shows the same table.
"""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import calibrated
import numpy as np

HERE = Path(__file__).resolve().parent
DATA = HERE / "data"
PAGE = HERE.parents[1] / "docs" / "metode" / "validasi.md"
NUMBER = re.compile(r"(?<![\w.])-?\d*\.?\d+(?:e-?\d+)?(?![\w])")
ROOMS = ("checks_agreement", "checks_studies", "checks_crossed", "checks_rasch")
FIELDS = ("id", "quantity", "label", "published", "ours", "difference", "tolerance", "source")
BENCHMARK = "benchmark, no test"
NOTES = {
    "O5": "The published run stopped early: its measures are 3.5 % narrower than the maximum, compared as well.",
    "O8": "Weights by the rank of the categories that the two raters use, as in irr; `weighted_kappa` takes the table.",
    "O18": (
        "The source prints .9913 for ph. Its own sums T give (46.5 − 14 · .842857)/35 = .99143, which is ours; the "
        "tolerance of that one value is three times the rounding."
    ),
    "O32": (
        "`bayes pi` are posterior means of a Bayesian program; ours are modes with the same prior counts, "
        "`dawid_skene(…, prior=(3, 4.8, 3.2/3))`."
    ),
}


class Missing(Exception):
    """A data file or a data package is not there: the check is skipped, and counted."""


@dataclass(frozen=True)
class Value:
    """One published number and ours."""

    id: str
    quantity: str
    label: str
    published: float
    ours: float
    tolerance: float
    source: str

    @property
    def holds(self) -> bool:
        """Whether the difference is within the tolerance."""
        return abs(self.ours - self.published) <= self.tolerance


@dataclass(frozen=True)
class Oracle:
    """A row of oracles.csv; `compare` collects in `values`."""

    id: str
    topic: str
    dataset: str
    setup: str
    quantity: str
    value: str
    tolerance: str
    source: str
    status: str
    values: list[Value] = field(default_factory=list)

    @property
    def numbers(self) -> list[float]:
        """All numbers of the value, in order."""
        return [float(number) for number in NUMBER.findall(self.value)]

    @property
    def decimals(self) -> list[float]:
        """The numbers that are written with a decimal point."""
        return [float(number) for number in NUMBER.findall(self.value) if "." in number]

    def within(self, place: int = 0) -> float:
        """The tolerance, or the one at `place` of several; 0 for "exact"."""
        if "exact" in self.tolerance:
            return 0.0
        return [float(n) for n in NUMBER.findall(self.tolerance) if float(n) < 1][place]

    def compare(
        self, found: Any, published: Any = None, within: float | None = None, labels: Sequence[str] | str = ""
    ) -> None:
        """Put `found` beside `published` (default: the first numbers of the value), and assert that they agree."""
        ours = np.atleast_1d(np.asarray(found, dtype=float)).ravel()
        told = self.numbers[: ours.size] if published is None else np.atleast_1d(np.asarray(published, float)).ravel()
        assert ours.size == len(told) > 0, f"{ours.size} values of ours, {len(told)} published"
        step = self.within() if within is None else within
        names = [f"{labels} {i + 1}".strip() for i in range(ours.size)] if isinstance(labels, str) else list(labels)
        names = [labels] if isinstance(labels, str) and ours.size == 1 else names
        relative = "relative" in self.tolerance and within is None
        for name, theirs, own in zip(names, told, ours, strict=True):
            allowed = step * abs(theirs) if relative else step
            # a value printed to the last digit of its tolerance may sit on its edge
            row = Value(self.id, self.quantity, name, float(theirs), float(own), allowed * (1 + 1e-9), self.source)
            self.values.append(row)
        wrong = [row for row in self.values if not row.holds]
        assert not wrong, "\n".join(f"{r.label}: {r.ours} where {r.published} ± {r.tolerance} is told" for r in wrong)


@cache
def table(name: str) -> dict[str, Any]:
    """Columns of a data file as arrays of text."""
    if not (DATA / name).is_file():
        raise Missing(f"tests/reference/data/{name}")
    with (DATA / name).open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    return {key: np.array([row[key] for row in rows]) for key in rows[0]}


def column(name: str, key: str) -> Any:
    """One column as numbers, NaN where it is empty."""
    return np.array([float(text) if text else np.nan for text in table(name)[key]])


def oracles() -> list[Oracle]:
    """All rows of oracles.csv, without values yet."""
    with (HERE / "oracles.csv").open(newline="", encoding="utf-8") as stream:
        return [Oracle(**row) for row in csv.DictReader(stream)]


@cache
def checks() -> dict[tuple[str, str], Callable[[Oracle], None]]:
    """The function of each row; a row without one, or one without a row, is an error."""
    found = {key: check for room in ROOMS for key, check in import_module(room).CHECKS.items()}
    rows = [(o.id, o.quantity) for o in oracles()]
    assert sorted(rows) == sorted(found), sorted(set(rows) ^ set(found))
    return found


def compare_all(leave_out: Sequence[str] = ()) -> tuple[list[Value], list[str], list[str]]:
    """Every value beside ours, what was skipped because its data are not there, and what failed."""
    values: list[Value] = []
    skipped: list[str] = []
    failed: list[str] = []
    for oracle in oracles():
        if oracle.id in leave_out:
            continue
        try:
            checks()[oracle.id, oracle.quantity](oracle)
        except Missing as what:
            skipped.append(f"{oracle.id} {oracle.quantity}: {what}")
        except AssertionError as what:
            failed.append(f"{oracle.id} {oracle.quantity}: {what}")
        values += oracle.values
    return values, skipped, failed


def digits(value: Value) -> tuple[str, str, str]:
    """Published, ours and the tolerance as text: ours to two digits beyond the published or the tolerance."""
    step = value.tolerance / (1 + 1e-9)
    places = max(0, int(np.ceil(-np.log10(step))) + 1) if step > 0 else 0
    places = min(max(places, 0), 10)
    published = f"{value.published:.10g}"
    own = f"{value.ours:.{places}f}" if step > 0 else f"{value.ours:.10g}"
    return published, own, f"{step:.2g}" if step else "exact"


def write(values: list[Value], skipped: list[str]) -> None:
    """The table of all values and the page."""
    with PAGE.with_suffix(".csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(FIELDS)
        for v in values:
            published, own, tolerance = digits(v)
            writer.writerow([v.id, v.quantity, v.label, published, own, cells(v)[2], tolerance, v.source])
    PAGE.write_text("\n".join(page(values, skipped)) + "\n", encoding="utf-8")


def page(values: list[Value], skipped: list[str]) -> Iterator[str]:
    """The lines of the page: a table for each set of data; long lists are summed up in one line."""
    own = len({v.source for v in values})
    inside = sum(v.holds for v in values)
    yield "# Validation: published values beside ours"
    yield ""
    yield (
        f"{len(values)} values of {own} sources: {inside} within their tolerance, {len(values) - inside} outside, "
        f"{len(skipped)} rows skipped. Printed by `make validation`; `make test` repeats every comparison. All values, "
        "one by one, are in [validasi.csv](validasi.csv); lists of more than 14 are summed up here. The notebook "
        "`90_validasi_metode` recomputes the table."
    )
    yield ""
    yield (
        "*Tolerance* is the rounding of the published figure, or the looseness of the program that printed it; where "
        "a tight recomputation exists it is compared as well. Rows marked *recomputed* were not printed by their "
        "authors: another program computed them from the published data."
    )
    for oracle_id in dict.fromkeys(v.id for v in values):
        rows = [o for o in oracles() if o.id == oracle_id]
        yield from ("", f"## {oracle_id} {rows[0].topic}", "", f"{rows[0].setup}. Source: {rows[0].source}.", "")
        yield "| quantity | | published | ours | difference | tolerance |"
        yield "|---|---|--:|--:|--:|--:|"
        for oracle in rows:
            yield from lines(oracle, [v for v in values if (v.id, v.quantity) == (oracle.id, oracle.quantity)])
        if oracle_id in NOTES:
            yield from ("", NOTES[oracle_id])
    told = {(v.id, v.quantity) for v in values}
    yield from ("", "## Yardsticks of the literature", "", "Printed beside a region's figures; nothing to compute.")
    yield from ("", "| | quantity | published | source |", "|---|---|---|---|")
    for o in oracles():
        if o.tolerance == BENCHMARK and (o.id, o.quantity) not in told:
            yield f"| {o.id} | {o.quantity.replace('_', ' ')} | {o.value} | {o.setup}; {o.source} |"
    yield from ("", "## Intervals and tests by simulation", "")
    yield (
        "Coverage of 95 % intervals and size of tests at .05 where the model holds, from the committed tables of "
        "`tests/calibration` (`make calibrate-agreement`, `calibrate-inside`, `calibrate-ranks`, `calibrate-rasch`), "
        "with their Monte-Carlo errors there."
    )
    yield ""
    yield from calibrated.lines()
    yield from ("", "## Other programs on the same data", "")
    yield from (
        "- `tests/stats/test_agreement_peers.py` (in `make test`): agreement coefficients, standard errors and limits "
        "with irrCAC, alpha with krippendorff, kappa, conditional logit and adjusted p-values with statsmodels, "
        "intraclass correlations with pingouin, on random unbalanced tables with gaps.",
        "- `tests/peers/rasch_peers.csv` (`make peers-rasch`): many-facet Rasch with mirt, raschpy and plain maxima.",
        "- `benchmarks/*.csv`: speed beside lme4, mixedlm, mirt, raschpy, irrCAC, krippendorff, pingouin, statsmodels.",
    )
    yield from ("", "Data: `tests/reference/data`; values, tolerances, sources: `tests/reference/oracles.csv`.")


def lines(oracle: Oracle, values: list[Value]) -> Iterator[str]:
    """Table lines of one row of oracles.csv."""
    name = oracle.quantity.replace("_", " ") + (" (recomputed)" if oracle.status.startswith("recomputed") else "")
    if len(values) > 14:
        worst = max(values, key=lambda v: abs(v.ours - v.published) / max(v.tolerance, 1e-300))
        yield f"| {name} | {len(values)} values, the furthest: {worst.label} | {' | '.join(cells(worst))} |"
        return
    for v in values:
        yield f"| {name} | {v.label} | {' | '.join(cells(v))} |"
        name = ""


def cells(value: Value) -> list[str]:
    """Published, ours, difference, tolerance."""
    published, own, tolerance = digits(value)
    gap = abs(value.ours - value.published)
    return [published, own, f"{gap:.1e}" if gap > 1e-12 else "0", tolerance]


def main() -> int:
    """Compare all and write the page; 1 if anything fails."""
    values, skipped, failed = compare_all()
    write(values, skipped)
    print(f"{len(values)} values, {len(failed)} rows failed, {len(skipped)} rows skipped")
    for line in (*skipped, *failed):
        print(" ", line)
    return int(bool(failed))


if __name__ == "__main__":
    sys.modules.setdefault("published", sys.modules["__main__"])
    sys.exit(main())
