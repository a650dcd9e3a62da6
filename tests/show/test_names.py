"""Words for codes and short pseudonyms: never two people under one name."""

from __future__ import annotations

from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from kinerja_analysis.show.names import is_pseudonym, short_names, subject, word
from kinerja_analysis.show.sentence import sentence

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
pseudonyms = st.sets(st.text(ALPHABET[:3], min_size=13, max_size=13).map(lambda s: "P" + s), max_size=40)


@given(pseudonyms)
def test_short_names_are_unique_and_of_one_length(people: set[str]) -> None:
    short = short_names(people)
    assert set(short) == people
    assert len(set(short.values())) == len(people)
    lengths = {len(name) for name in short.values()}
    assert len(lengths) <= 1 and all(n >= len("P-ABCD") for n in lengths)
    assert all(full[1:].startswith(name[2:]) for full, name in short.items())


def test_no_longer_than_needed() -> None:
    assert short_names(["PAAAABAAAAAAAA", "PAAAACAAAAAAAA"]) == {
        "PAAAABAAAAAAAA": "P-AAAAB",
        "PAAAACAAAAAAAA": "P-AAAAC",
    }
    assert short_names(["PABCDEFGHIJKLM"]) == {"PABCDEFGHIJKLM": "P-ABCD"}


def test_other_identifiers_are_kept() -> None:
    assert short_names(["dosen 12", "", "P123"]) == {"dosen 12": "dosen 12", "P123": "P123"}
    assert not is_pseudonym("P018AAAAAAAAAA"), "0, 1 and 8 are no letters of base 32"


def test_words_for_codes_in_both_languages() -> None:
    assert word("peer", "id") == "rekan kerja"
    assert word("supervisor|self|peer", "en") == "supervisor, self, and peers"
    assert word("employment=pppk", "id") == "PPPK"
    assert word("age_band=31-40", "id") == "kelompok usia 31-40"
    assert word("<=50", "id") == "<=50", "an inequality is no attribute"
    assert word("SANGAT BAIK", "en") == "Sangat Baik"


def test_a_list_of_attributes_names_who_rates_with_each(lab: SimpleNamespace) -> None:
    told = {"group": "sex|supervisor|sex|peer", "n_tested": 3, "n_beyond": 2, "n_direction": 0, "n_small": 0,
            "n_open": 1, "n_refused": 0}  # fmt: skip
    found = lab.finding("affinity.verdict_flagged", "FLAGGED", "own_group", scope="multisource", **told)
    assert "by attribute: sex (by the supervisor) and sex (by the peers); 1 not" in sentence(found, "en")
    assert "menurut ciri: jenis kelamin (oleh atasan) dan jenis kelamin (oleh rekan kerja);" in sentence(found, "id")


def test_subject_of_a_finding(lab: SimpleNamespace) -> None:
    pair = lab.finding("x.y", kind="source_pair", subject="supervisor|peer")
    rater = lab.finding("x.y", kind="rater", subject="P7K2MAAAAAAAAA")
    assert subject(pair, "id") == "atasan – rekan kerja"
    own = lab.finding("x.y", kind="attribute", subject="sex|supervisor")
    assert subject(own, "id") == "jenis kelamin (oleh atasan)" and subject(own, "en") == "sex (by the supervisor)"
    assert subject(rater, "id") == "P-7K2M"
    assert subject(rater, "id", {"P7K2MAAAAAAAAA": "P-7K2MA"}) == "P-7K2MA"
