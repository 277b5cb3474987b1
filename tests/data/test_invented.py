"""Invented names: their tables are what the generator writes, and nobody ever used one."""

import csv
import re

import pytest
from conftest import ROOT

from weirdgen.core.files import read_text
from weirdgen.data.invented import LONGEST, ORDER, SHORTEST, birds, towns
from weirdgen.data.tables import read_facts

BIRDS, TOWNS = ROOT / "data" / "old_bird_names", ROOT / "data" / "german_city_names"


def names(path):
    return [row["name"] for row in read_facts(path)]


def left_out(folder):
    return [line for line in read_text(folder / "not_invented.txt").splitlines() if not line.startswith("#")]


def listed(folder):
    return [name for path in sorted(folder.glob("*.csv")) if path.stem != "invented" for name in names(path)]


def made_birds(seed=0):
    listed_here = names(BIRDS / "old_audubon.csv"), names(BIRDS / "modern_audubon.csv")
    american = names(BIRDS / "modern_american.csv")
    old, still = listed_here
    return birds(old, still + american, [*old, *still, *american, *left_out(BIRDS)], seed)


def made_towns(seed=0):
    like = names(TOWNS / "former_german.csv") + names(TOWNS / "modern_german.csv")
    return towns(like, left_out(TOWNS), len(names(TOWNS / "former_german.csv")), seed)


def test_the_tables_are_what_the_generator_writes():
    assert made_birds() == names(BIRDS / "invented.csv")
    assert made_towns() == names(TOWNS / "invented.csv")
    assert made_birds(1) != made_birds()
    assert made_towns(1) != made_towns()


def test_towns_stand_at_the_numbers_of_the_other_lists():
    numbers = [[row["number"] for row in read_facts(TOWNS / f"{name}.csv")] for name in ("invented", "former_german")]
    assert numbers[0] == numbers[1]


@pytest.mark.parametrize("folder", [BIRDS, TOWNS], ids=["birds", "towns"])
def test_nobody_ever_used_an_invented_name(folder):
    invented, known = names(folder / "invented.csv"), {name.casefold() for name in listed(folder)}
    assert len({name.casefold() for name in invented}) == len(invented)
    assert known.isdisjoint(name.casefold() for name in invented)
    assert {name.casefold() for name in left_out(folder)}.isdisjoint(
        word.casefold() for name in invented for word in (name, name.split()[-1])
    )


def test_no_town_holds_a_listed_name_or_is_part_of_one():
    known = [name.casefold() for name in listed(TOWNS)]
    for name in names(TOWNS / "invented.csv"):
        plain = name.casefold()
        assert SHORTEST <= len(name) <= LONGEST
        assert not [other for other in known if other in plain or plain in other], name


def test_every_run_of_letters_of_a_town_stands_in_a_listed_one():
    size = ORDER + 1
    runs = {name[i : i + size] for name in listed(TOWNS) for i in range(len(name))}
    for name in names(TOWNS / "invented.csv"):
        assert all(name[i : i + size] in runs for i in range(len(name) - ORDER)), name


def test_a_bird_has_the_shape_of_the_old_name_it_stands_for():
    with open(BIRDS / "invented.csv", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    assert [row["form"] for row in rows] == names(BIRDS / "old_audubon.csv")
    taken = {word.casefold() for name in listed(BIRDS) for word in re.split(r"[\s'-]+", name)}
    for row in rows:
        made, form = row["name"].split(), row["form"].split()
        assert len(made) == len(form), row
        for own, other in zip(made[:-1], form[:-1], strict=True):
            assert own.endswith("'s") == other.endswith("'s"), row
            assert ("-" in own) == ("-" in other), row
        assert made[-1].casefold() not in taken
        assert not [word for word in made if word.endswith("'s") and word[:-2].casefold() in taken]
