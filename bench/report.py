"""What was measured, as tables and plots; `docs/performance.md` has them between two marks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import escape

from bench import wrk
from bench.growth import Page
from bench.measuring import CONNECTIONS, Figures
from bench.side_by_side import Side
from bench.staying import Staying

DOCUMENT = Path(__file__).parent.parent / "docs" / "performance.md"
IMAGES = DOCUMENT.parent / "images"
BEGIN, END = "<!-- measured by bench: begin -->", "<!-- measured by bench: end -->"
# What each kind of work must reach of the floor's rate, and what it aims at, in the order of the table.
GOALS = ((0.35, 0.60), (0.45, 0.70), (0.35, 0.55), (0.35, 0.60), (0.35, 0.55))
WITHIN = 1.3  # times


@dataclass
class Report:
    """The figures of one run."""

    machine: str
    rows: int
    ratios: dict[str, tuple[Figures, Figures]] = field(default_factory=dict)
    growth: Sequence[Page] = ()
    staying: Staying | None = None


def written(found: Report) -> str:
    """All of it as Markdown."""
    parts = [
        f"{found.machine}; 1 worker, {CONNECTIONS} connections, medians of interleaved runs:",
        "\n".join(_ratios(found.ratios)),
    ]
    if found.growth:
        parts.append("\n".join(_growth(found.growth)))
    if found.staying:
        parts.append("\n".join(_staying(found.staying)))
    return "\n\n".join(parts) + "\n"


def _ratios(ratios: Mapping[str, tuple[Figures, Figures]]) -> list[str]:
    lines = [
        "| work | floor, /s | application, /s | ratio | must | aim | p50, ms | p99, ms | CPU µs of both | of PostgreSQL |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for (name, (low, high)), (must, aim) in zip(ratios.items(), GOALS, strict=True):
        ratio = high["rate"] / low["rate"]
        lines.append(
            f"| {name} | {low['rate']:.0f} | {high['rate']:.0f} | **{ratio:.2f}** | {must:.2f} | {aim:.2f} "
            f"| {high['p50']:.1f} | {high['p99']:.1f} | {low['cpu']:.0f}, {high['cpu']:.0f} "
            f"| {low['database']:.0f}, {high['database']:.0f} |"
        )
    busy = max(one["busy"] for both in ratios.values() for one in both)
    client = "wrk" if wrk.is_here() else "of our own"
    return [*lines, "", f"The client ({client}) was busy for {busy:.0%} of the time at most."]


def _growth(pages: Sequence[Page]) -> list[str]:
    """Each page, compared with the one before it: the same page of fewer, then an earlier page of as many."""
    lines = ["| page of 50 | among | p50, ms | times the one above | CPU µs, server and PostgreSQL | times |"]
    lines.append("|---|---|---|---|---|---|")
    for before, page in zip((None, *pages), pages, strict=False):
        figures, spent = page.figures, _spent(page)
        slower = f"{figures['p50'] / before.figures['p50']:.2f}" if before else ""
        dearer = f"{spent / _spent(before):.2f}" if before else ""
        one = f"{page.number:,} | {page.rows:,} | {figures['p50']:.1f} | {slower} | {spent:.0f} | {dearer}"
        lines.append(f"| {one} |")
    return [*lines, "", f"It should stay within {WITHIN} times."]


def _spent(page: Page) -> float:
    return page.figures["cpu"] + page.figures["database"]


def _staying(found: Staying) -> list[str]:
    count, at_end = found.megabytes[-1]
    seconds, spent = found.first_answer
    return [
        "| what | figure |",
        "|---|---|",
        f"| from the command to the first answer | {seconds:.1f} s, {spent:.1f} s of them its own CPU |",
        f"| memory of one process after {found.megabytes[1][0]:,} requests | {found.megabytes[1][1]:.0f} MB |",
        f"| after {count:,} | {at_end:.0f} MB |",
        "",
        "| work | API processes | /s | times one | of all cores | statements that wait for a lock | for the disk |",
        "|---|---|---|---|---|---|---|",
        *(_side(one, found.sides) for one in found.sides),
    ]


def _side(one: Side, sides: Sequence[Side]) -> str:
    alone = next(other.rate for other in sides if (other.work, other.processes) == (one.work, 1))
    return (
        f"| {one.work} | {one.processes} | {one.rate:.0f} | {one.rate / alone:.2f} | {one.busy:.0%} "
        f"| {one.locked:.1%} | {one.flushed:.1%} |"
    )


def publish(found: Report, text: str) -> None:
    """Put tables and plots into the document, between its marks."""
    plots = {"performance-ratios.svg": _bars(found)}
    if found.staying:
        plots["performance-memory.svg"] = _line(found.staying.megabytes)
    for name, drawn in plots.items():
        (IMAGES / name).write_text(drawn, encoding="utf-8")
    shown = "\n".join(f"![{name.removesuffix('.svg')}](images/{name})" for name in plots)
    before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    DOCUMENT.write_text(f"{before}{BEGIN}\n\n{text}\n{shown}\n\n{END}{after}", encoding="utf-8")


_STYLE = "font-family='sans-serif' font-size='13' fill='#222'"


def _bars(found: Report) -> str:
    """The ratio of each kind of work, with marks at what it must reach and what it aims at."""
    width, left, step = 760, 290, 44
    scale, height = (width - left - 60) / 1.2, step * len(found.ratios) + 56
    parts = [_text(8, 20, "Requests a second, as a part of the floor's; | must, ¦ aim")]
    for n, ((name, (low, high)), (must, aim)) in enumerate(zip(found.ratios.items(), GOALS, strict=True)):
        y, ratio = 36 + n * step, high["rate"] / low["rate"]
        length = min(ratio, 1.2) * scale
        colour = "#2a7f62" if ratio >= must else "#b3261e"
        parts += [
            _text(8, y + 18, name),
            f"<rect x='{left}' y='{y}' width='{length:.0f}' height='26' fill='{colour}'/>",
            # Beyond the marks, which it would stand on otherwise.
            _text(max(left + length, left + aim * scale) + 8, y + 18, f"{ratio:.2f}"),
            _mark(left + must * scale, y, ""),
            _mark(left + aim * scale, y, "4 3"),
        ]
    return _drawing(width, height, parts)


def _line(points: Sequence[tuple[int, float]]) -> str:
    """Memory against requests."""
    width, height, left, bottom = 760, 260, 60, 40
    most, top = max(count for count, _ in points), max(value for _, value in points) * 1.2
    at = [
        (left + count / most * (width - left - 40), height - bottom - value / top * (height - bottom - 30))
        for count, value in points
    ]
    drawn = " ".join(f"{x:.0f},{y:.0f}" for x, y in at)
    parts = [
        _text(8, 20, "Resident memory of one process, MB, by the requests that it has answered"),
        f"<polyline points='{drawn}' fill='none' stroke='#2a7f62' stroke-width='2'/>",
        f"<path d='M{left} 30V{height - bottom}H{width - 20}' fill='none' stroke='#888'/>",
        _text(left, height - 16, "0"),
        _text(width - 110, height - 16, f"{most:,}"),
        *(
            _text(max(x - 10, left + 6), y - 8, f"{value:.0f}")
            for (x, y), (_, value) in zip(at[::5], points[::5], strict=True)
        ),
    ]
    return _drawing(width, height, parts)


def _drawing(width: float, height: float, parts: Sequence[str]) -> str:
    head = f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}' width='{width}' height='{height}'>"
    return "\n".join([head, f"<rect width='{width}' height='{height}' fill='#fff'/>", *parts, "</svg>", ""])


def _text(x: float, y: float, text: str) -> str:
    return f"<text x='{x:.0f}' y='{y:.0f}' {_STYLE}>{escape(text)}</text>"


def _mark(x: float, y: float, dashes: str) -> str:
    return f"<path d='M{x:.0f} {y - 4}v34' stroke='#222' stroke-width='2' stroke-dasharray='{dashes}'/>"
