"""Write the table of personal data into docs/privacy.md: `python -m tools.data_map`."""

from pathlib import Path

from app.privacy import data_map
from app.privacy.data_map import Datum, Fate, Held
from app.privacy.uses import EXPLAINED, Use
from app.trainings.terms import RETENTION

PAGE = Path(__file__).parents[1] / "docs" / "privacy.md"
BEGIN, END = "<!-- begin: made by tools/data_map.py -->", "<!-- end -->"
_FATES = {
    Fate.ROW: "the row goes",
    Fate.BLANK: "blanked",
    Fate.KEPT: "kept",
    Fate.OWN: "goes, by code of its own",
    Fate.TIMED: "not a participant's",
}


def written() -> str:
    """The two tables: purposes, and columns."""
    return "\n".join([*_purposes(), "", *_columns()])


def page_with(table: str, page: str) -> str:
    """The page with the tables between its marks."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{table}\n\n{END}{after}"


def _purposes() -> list[str]:
    lines = ["| purpose | what for | ground | kept | months |", "|---|---|---|---|---|"]
    for use in Use:
        said = EXPLAINED[use]
        months = ", ".join(f"{term.value} {RETENTION[term]}" for term in said.terms)
        words = (said.purpose["en"], said.ground["en"], said.kept["en"])
        lines.append(f"| {use.value} | {' | '.join(words)} | {months} |")
    return lines


def _columns() -> list[str]:
    lines = [
        "| table: what it holds | column | purpose | on erasure | goes before, at |",
        "|---|---|---|---|---|",
    ]
    for table, held in data_map.MAP.items():
        lines += [
            f"| `{table}`: {held.what} | `{name}` "
            f"| {datum.use.value} | {_FATES[datum.fate]} | {_term(held, datum)} |"
            for name, datum in held.personal.items()
        ]
    return lines


def _term(held: Held, datum: Datum) -> str:
    term = datum.term or held.term or (held.part and held.part[0])
    return term.value if term else ""


def main() -> None:
    """Bring the page up to date."""
    PAGE.write_text(page_with(written(), PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
