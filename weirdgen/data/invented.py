"""Names that nobody ever used, in the form of real ones: controls as hard to learn as a list of old names.

`invented.csv` under data/old_bird_names and data/german_city_names were written by `birds` and `towns` with the seed
below, on those folders' other lists; a test writes them again.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence

SEED = 0

ONSETS = "b br c cl d dr f fl g gr h j k l m n p pl pr qu r s sk sl sn st t th tr v w".split()  # noqa: SIM905
VOWELS = "a e i o u".split()  # noqa: SIM905
MIDDLES = "b bb d dd g l ll lm m mm n nd nk p pp r rl rn rr s sp ss st t tt v z".split()  # noqa: SIM905
ENDS = "ack an and ard ast ell en er et ick id il in ing ish it le ock od ol on ot ow um".split()  # noqa: SIM905
"""Parts of words of an English sound."""

ORDER = 3
"""Letters that a town's next letter is drawn by."""

SHORTEST, LONGEST = 5, 14
"""Letters of a town."""


def birds(form: Sequence[str], described: Sequence[str], taken: Collection[str], seed: int = SEED) -> list[str]:
    """A bird's name for each of `form`, word by word: 'Bartram's Vireo' may become 'Plennock's Trassel'.

    A person becomes an invented person, the last word an invented bird, and every word between one that describes
    a bird in `described` (names of today), of the same shape. taken: names, none of whose last words may come out.
    """
    generator = random.Random(seed)
    plain: list[str] = []
    hyphened: list[str] = []
    for name in described:
        for word in name.split()[:-1]:
            if not word.endswith("'s"):
                (hyphened if "-" in word else plain).append(word)
    used = {word.casefold() for name in taken for word in re.split(r"[\s'-]+", name)}
    words = _new(used, generator)
    found: list[str] = []
    for name in form:
        *before, _ = name.split()
        made = [
            f"{next(words)}'s" if word.endswith("'s") else generator.choice(hyphened if "-" in word else plain)
            for word in before
        ]
        found.append(" ".join([*dict.fromkeys(made), next(words)]))
    return found


def _new(used: set[str], generator: random.Random) -> Iterator[str]:
    """Invented words, each once, none in `used`."""
    while True:
        word = "".join(generator.choice(part) for part in (ONSETS, VOWELS, MIDDLES, ENDS))
        if word not in used and not re.search(r"(.)\1\1", word):
            used.add(word)
            yield word.capitalize()


def towns(like: Sequence[str], taken: Collection[str], number: int, seed: int = SEED) -> list[str]:
    """Town names of which every run of four letters stands in one of `like`, in the order of the alphabet.

    Letters are drawn by the three before them (Shannon 1948, section 3), so that the sound is that of the list. None of
    `taken` comes out, and none that holds a name of `like` or is held in one.
    """
    generator = random.Random(seed)
    following: dict[str, list[str]] = defaultdict(list)
    for name in like:
        text = "^" * ORDER + name + "$"
        for i in range(ORDER, len(text)):
            following[text[i - ORDER : i]].append(text[i])
    listed = [name.casefold() for name in like]
    used = {name.casefold() for name in taken}
    found: set[str] = set()
    while len(found) < number:
        name = "^" * ORDER
        while not name.endswith("$"):
            name += generator.choice(following[name[-ORDER:]])
        name = name.strip("^$")
        plain = name.casefold()
        if not SHORTEST <= len(name) <= LONGEST or not name.isalpha() or plain in used:
            continue
        if not any(other in plain or plain in other for other in listed):
            used.add(plain)
            found.add(name)
    return sorted(found)
