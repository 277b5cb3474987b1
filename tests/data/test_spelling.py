"""Two spellings of one word are the same; two words are not, in whatever script."""

from __future__ import annotations

import unicodedata

import pytest

from weirdgen.core.errors import StudyError
from weirdgen.data.card import check_unique
from weirdgen.data.spelling import same_word

DIFFERENT = [
    *[
        ("Москва", "Киев"),
        ("Lübben", "Löbben"),
        ("東京", "京都"),
        ("القاهرة", "دمشق"),
        ("Ναύπλιο", "Πάτρα"),
        ("Straße", "Strase"),
    ],
    *[
        ("Fuchs", "Füchs"),
        ("1/2", "12"),
        ("-5", "5"),
        ("1.5", "15"),
        ("C", "C++"),
        ("F#", "F♯"),
        ("🐦", "🦉"),
        ("?", "!"),
    ],
    *[("100 €", "100 $"), ("कि", "कु"), ("पत", "पति"), ("x²", "x³"), ("résumé", "resume"), ("3-4", "34")],
]
SAME = [
    *[
        ("Blue Jay", "blue-jay"),
        ("Blue Jay", "BlueJay."),
        ("Route 66", "Route-66"),
        ("Größe", "GRÖSSE"),
        ("Straße", "STRASSE"),
    ],
    *[("О'Нил", "о’нил"), ("St. Gallen", "st gallen"), ("ΟΔΟΣ", "οδος"), ("ﬁnch", "finch"), ("İzmir", "i̇zmir")],
]


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_two_words_are_two(one, other):
    assert same_word(one) != same_word(other)
    check_unique("here", [one, other])


@pytest.mark.parametrize(("one", "other"), SAME)
def test_two_spellings_are_one_word(one, other):
    assert same_word(one) == same_word(other)
    with pytest.raises(StudyError, match="the same answer in two spellings"):
        check_unique("here", [one, other])


@pytest.mark.parametrize("word", ["Größe", "Lübben", "é", "한국어", "Ångström", "Đà Nẵng", "ガ"])
def test_composed_or_not_a_word_is_the_same(word):
    one, other = unicodedata.normalize("NFC", word), unicodedata.normalize("NFD", word)
    assert one != other
    assert same_word(one) == same_word(other)
    with pytest.raises(StudyError, match="the same answer in two spellings"):
        check_unique("here", [one, other])


def test_many_doubles_are_told_in_one_short_line():
    with pytest.raises(StudyError) as error:
        check_unique("here", [f"answer {i}\nof two lines" for i in range(20)] * 2)
    assert str(error.value).endswith("and 15 more; remove the doubles, or say unique: false")
    assert "\n" not in str(error.value)
