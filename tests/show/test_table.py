"""Tables as HTML: escaped, marked up, in the reader's numbers."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd

from kinerja_analysis.base.results import Result
from kinerja_analysis.show.table import cell, escape, html_table


def test_nothing_in_a_cell_a_heading_or_a_caption_becomes_markup() -> None:
    bad = '"><script>x</script>'
    shown = html_table(pd.DataFrame({bad: [bad]}), "id", caption=bad)
    assert "<script>" not in shown and shown.count("&lt;script&gt;") == 3
    assert escape("'") == "&#x27;"


def test_headings_are_headings_and_rows_have_one() -> None:
    frame = pd.DataFrame({"rater": ["P-7K2M"], "n": [1234], "value": [1.5], "year": [2025]})
    shown = html_table(frame, "id", caption="Judul")
    assert "<caption>Judul</caption>" in shown
    assert shown.count('scope="col"') == 4 and shown.count('scope="row"') == 1
    assert '<th scope="col">Penilai</th>' in shown
    assert ">1.234<" in shown and ">1,50<" in shown and ">2025<" in shown
    assert ">1,234<" in html_table(frame, "en") and ">1.50<" in html_table(frame, "en")


def test_formats_can_be_given_and_missing_values_are_dashes() -> None:
    frame = pd.DataFrame({"a": ["x"], "share": [0.895], "p_value": [0.0004], "z": [float("nan")], "yes": [True]})
    shown = html_table(frame, "id", formats={"share": "%1"})
    assert "89,5%" in shown and "&lt; 0,001" in shown and ">–<" in shown and ">ya<" in shown


def test_rows_left_out_are_counted() -> None:
    assert "3 baris lainnya" in html_table(pd.DataFrame({"a": range(5)}), "id", most=2)


def test_lists_and_texts() -> None:
    assert cell(["1:1:2", "1:1:3"], "", "id") == "1:1:2, 1:1:3"


def test_a_result_as_html_has_the_verdict_first_and_flags_on_top(lab: SimpleNamespace) -> None:
    open_ = lab.finding("group_gap.not_estimable", "INSUFFICIENT", kind="group", subject="sex=male", n_teams=1,
                        group="male", reference="female", attribute="sex")  # fmt: skip
    verdict = lab.finding("group_gap.verdict_few", "INSUFFICIENT", "gaps", n_refused=1)
    shown = Result.of("group_gap", [open_, verdict])._view("en")
    assert shown.index("cannot be examined yet") < shown.index("<table")
    assert Result.of("group_gap", [open_, verdict])._repr_html_().startswith("<div lang='id'>")
