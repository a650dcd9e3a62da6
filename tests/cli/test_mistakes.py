"""A mistyped command is answered in the reader's language, without English of the library's, with exit code 2."""

from __future__ import annotations

import sys

import pytest

from kinerja_analysis.cli import main

WRONG = (
    (["nope"], "Tidak ada perintah nope.", "There is no command nope."),
    (["audti"], "Tidak ada perintah audti. Maksudnya audit?", "There is no command audti. Did you mean audit?"),
    (["audit"], "PATHS... belum diisi.", "PATHS... is missing."),
    (["audit", "x", "--jobs", "banyak"], "Nilai untuk --jobs tidak dapat dipakai. Yang diterima: bilangan bulat "
     "mulai 1 sampai 512.", "The value for --jobs cannot be used. Accepted: a whole number from 1 to 512."),
    (["audit", "x", "--level", "both"], "Nilai untuk --level tidak dapat dipakai. Yang diterima: public, internal.",
     "The value for --level cannot be used. Accepted: public, internal."),
    (["audit", "x", "--year", "0x7"], "Nilai untuk --year tidak dapat dipakai. Yang diterima: bilangan bulat.",
     "The value for --year cannot be used. Accepted: a whole number."),
    (["audit", "x", "--yera", "2025"], "Perintah ini tidak punya pilihan --yera. Maksudnya --year?",
     "This command has no option --yera. Did you mean --year?"),
    (["audit", "x", "--out"], "Pilihan --out ditulis keliru: nilainya kurang atau berlebih.",
     "The option --out is written wrongly: a value is missing or one too many."),
    (["audit", "x", "--json=ya"], "Pilihan --json ditulis keliru: nilainya kurang atau berlebih.",
     "The option --json is written wrongly: a value is missing or one too many."),
    (["report", "nowhere"], "Isian ini berlebih, perintah itu tidak menerimanya: nowhere.",
     "The command takes no such further argument: nowhere."),
)  # fmt: skip


@pytest.mark.parametrize(("arguments", "id_", "en"), WRONG, ids=[" ".join(w[0]) for w in WRONG])
def test_a_mistyped_command_is_answered_in_both_languages(
    arguments: list[str], id_: str, en: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["kinerja", *arguments])
    for lang, said, word in (("id", id_, "Cara memakainya"), ("en", en, "How to use it")):
        monkeypatch.setenv("KINERJA_LANG", lang)
        with pytest.raises(SystemExit) as left:
            main()
        where = "kinerja" if arguments[-1] in ("nope", "audti", "--out", "--json=ya") else f"kinerja {arguments[0]}"
        shown = capsys.readouterr()
        assert (left.value.code, shown.out) == (2, "")
        assert shown.err.splitlines() == [said, f"{word}: {where} --help"]
