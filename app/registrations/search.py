"""What a registration is found and sorted by: text without the differences that people do not type (pure)."""

import unicodedata

# Letters that Unicode does not take apart, as the Dutch type them when they cannot find them; and the
# quotation marks and the modifier letter that stand for a plain apostrophe; an i without its dot.
_PLAIN = str.maketrans(
    {
        "ø": "o",
        "đ": "d",
        "ð": "d",
        "ł": "l",
        "\u0131": "i",
        "æ": "ae",
        "œ": "oe",
        "þ": "th",
        "\u2019": "'",
        "\u2018": "'",
        "\u02bc": "'",
    }
)
# An index entry of PostgreSQL has room for 2,700 bytes; a name folds to at most 18 characters for one.
_LONGEST_KEY = 200
# Less than every character of a name, so that Meer comes before Meerman whatever the given names are.
_BETWEEN = "\t"


def fold(text: str) -> str:
    """`text` without case, diacritics, compatibility forms (NFKD) and invisible characters; spaces single."""
    if text.isascii():
        return " ".join(text.lower().split())
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    kept = (one for one in apart if unicodedata.category(one) not in ("Mn", "Cf"))
    return " ".join("".join(kept).translate(_PLAIN).split())


def search_text(*parts: str | None) -> str:
    """What a search looks through: each part folded, on a line of its own."""
    return "\n".join(fold(part) for part in parts if part)


def words(q: str) -> list[str]:
    """The words of a question, folded, each once; every one of them has to be found somewhere."""
    return list(dict.fromkeys(fold(q).split()))


def name_key(family_name: str, given_name: str | None) -> str:
    """What registrations are sorted by: the family name without its prefix, then the given name."""
    return f"{fold(family_name)}{_BETWEEN}{fold(given_name or '')}"[:_LONGEST_KEY]


def contains(word: str) -> str:
    """The LIKE pattern for what holds `word`; in it nothing but the outer signs is special."""
    escaped = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def grams(word: str) -> list[str]:
    """Each three characters in a row of a word; none when it is shorter."""
    return sorted({word[n : n + 3] for n in range(len(word) - 2)})
