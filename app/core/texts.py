"""Dutch counterparts of English sentences, from a catalogue: a JSON object of the one to the other.

A sentence may have gaps, `{0}`, `{1}` …, where the code fills something in. The counterpart is looked up by
what was said in English, so that who writes a sentence in the code need not know of languages.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path

# What people are told is shorter; a longer text is not worth the search.
LONGEST = 2000
_GAP = re.compile(r"\\\{\d+\\\}")


class Catalogue:
    """The counterparts of one kind of text."""

    def __init__(self, counterparts: Mapping[str, str]) -> None:
        self.counterparts = counterparts
        # The fewest gaps first, then the longest: the sentence that says most of what was said.
        with_gaps = sorted(
            (one for one in counterparts if "{0}" in one), key=lambda one: (one.count("{"), -len(one))
        )
        self._patterns = [
            (re.compile(_GAP.sub("(.*?)", re.escape(one)), re.DOTALL), counterparts[one]) for one in with_gaps
        ]

    @classmethod
    def read(cls, path: Path) -> "Catalogue":
        """The catalogue in the file at `path`."""
        return cls(json.loads(path.read_text(encoding="utf-8")))

    def dutch(self, text: str) -> str:
        """The Dutch for `text`, or `text` itself where the catalogue has none."""
        if text in self.counterparts:
            return self.counterparts[text]
        for pattern, counterpart in self._patterns if len(text) <= LONGEST else ():
            if found := pattern.fullmatch(text):
                return counterpart.format(*found.groups())
        return text


PROBLEMS = Catalogue.read(Path(__file__).with_name("problems.nl.json"))
