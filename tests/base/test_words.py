"""Numbers, dates and placeholders in both languages."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from kinerja_analysis.base import words
from kinerja_analysis.base.words import End, date, join, number, say, show


@pytest.mark.parametrize(
    ("value", "form", "indonesian", "english"),
    [
        (12480, "n", "12.480", "12,480"),
        (7, "", "7", "7"),
        (-1, "n", "< 10", "< 10"),
        (-2, "n", "…", "…"),
        (0.5, "", "0,50", "0.50"),
        (3.14159, "1", "3,1", "3.1"),
        (2.0, "+1", "+2,0", "+2.0"),
        (-2.0, "+1", "−2,0", "−2.0"),
        (0.04, "+1", "0,0", "0.0"),
        (np.float64(0.04), "+2", "+0,04", "+0.04"),
        (End(0.04, 0.0), "+1", "+0,04", "+0.04"),
        (End(0.9996, 1.0), "2", "0,9996", "0.9996"),
        (End(1.4, 1.0), "2", "1,40", "1.40"),
        (-0.04, "1", "0,0", "0.0"),
        (-1234.54, "abs1", "1.234,5", "1,234.5"),
        (0.1127, "%1", "11,3%", "11.3%"),
        (0.8846, "%", "88%", "88%"),
        (0.0004, "p", "< 0,001", "< 0.001"),
        (0.0131, "p", "0,013", "0.013"),
        (float("nan"), "1", "–", "–"),
        (None, "n", "–", "–"),
        ("P-7K2M", "", "P-7K2M", "P-7K2M"),
        (dt.date(2026, 8, 3), "date", "3 Agustus 2026", "3 August 2026"),
    ],
)
def test_show(value: object, form: str, indonesian: str, english: str) -> None:
    assert show(value, form, "id") == indonesian
    assert show(value, form, "en") == english


def test_large_and_negative_numbers() -> None:
    assert number(-1234567.891, 2, "id") == "−1.234.567,89"
    assert number(float("inf"), 1, "en") == "–"


def test_plural_and_missing_parameter() -> None:
    assert say("cli.files_written", "en", n=1) == "1 file written."
    assert say("cli.files_written", "en", n=1200) == "1,200 files written."
    with pytest.raises(KeyError):
        say("cli.files_written", "en")
    with pytest.raises(KeyError):
        say("cli.no_such_message", "id")


def test_a_parameter_may_be_a_list_of_messages() -> None:
    wrong = [("errors.entry.missing", {"entry": "note"}), ("errors.entry.extra", {"entry": "foo"})]
    told = say("errors.settings_invalid", "id", detail=wrong)
    assert "note: belum diisi; foo: isian ini tidak dikenal" in told


def test_join_and_date() -> None:
    assert join(["a", "b"], "en") == "a and b"
    assert join(["a", "b", "c"], "en") == "a, b, and c"
    assert join([], "id") == ""
    assert date(dt.date(2025, 5, 1), "en") == "1 May 2025"


def test_words_are_said_only_where_a_number_is_not_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    text = {"en": "{n?{n:n}}{n!none} of 9{k?; {k:n} {k|case|cases} open}.", "id": ""}
    monkeypatch.setattr(words, "messages", lambda: {"a.b": text})
    assert say("a.b", "en", n=0, k=0) == "none of 9."
    assert say("a.b", "en", n=0, k=float("nan")) == say("a.b", "en", n=0, k=None) == "none of 9."
    assert say("a.b", "en", n=2, k=1) == "2 of 9; 1 case open."
    assert words.blanked("a.b", "en") == "… of 9; … cases open."


def test_words_are_chosen_by_the_sign_to_one_decimal(monkeypatch: pytest.MonkeyPatch) -> None:
    text = {"en": "{x>{x:abs1} higher than}{x<{x:abs1} lower than}{x=equal to} others", "id": ""}
    monkeypatch.setattr(words, "messages", lambda: {"a.b": text})
    assert say("a.b", "en", x=1.72) == "1.7 higher than others"
    assert say("a.b", "en", x=-0.06) == "0.1 lower than others"
    assert say("a.b", "en", x=0.04) == say("a.b", "en", x=-0.04) == say("a.b", "en", x=0) == "equal to others"
    assert words.blanked("a.b", "en") == "… higher than others" and words.placeholders(text["en"]) == {"x"}


def test_a_word_agrees_with_the_number_as_it_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "messages", lambda: {"a.b": {"en": "{x:0} {x|is|are} equal", "id": ""}})
    said = [say("a.b", "en", x=x) for x in (0.9, 1, 1.4, 1.6)]
    assert said == ["1 is equal", "1 is equal", "1 is equal", "2 are equal"]


def test_choices_inside_choices(monkeypatch: pytest.MonkeyPatch) -> None:
    none = "{k!{n|the only one is not|none of {n:n} is}}"
    text = {"en": "{k?{n|the only one|{k:n} of {n:n}} {k|is|are}}" + none + " open{n?{k?; {k:n}}}", "id": ""}
    monkeypatch.setattr(words, "messages", lambda: {"a.b": text})
    assert say("a.b", "en", n=1, k=1) == "the only one is open; 1"
    assert say("a.b", "en", n=4, k=1) == "1 of 4 is open; 1" and say("a.b", "en", n=4, k=2) == "2 of 4 are open; 2"
    assert say("a.b", "en", n=1, k=0) == "the only one is not open"
    assert say("a.b", "en", n=4, k=0) == "none of 4 is open"


def test_what_a_user_wrote_is_never_read_as_a_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "messages", lambda: {"a.b": {"en": "{x} {n|team|teams}", "id": ""}})
    assert say("a.b", "en", x="{n?a}|{n|b|c}{n}", n=1) == "{n?a}|{n|b|c}{n} team"
