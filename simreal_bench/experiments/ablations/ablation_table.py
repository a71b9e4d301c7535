"""The one table of an ablation: as text, as JSON, as a page."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from simreal_bench.experiments.ablations.ablation import AblationResult
from simreal_bench.experiments.ablations.ablation_variants import EVERYTHING, VARIANTS
from simreal_bench.experiments.seed_spread import (
    CONFIDENCE,
    Difference,
    Spread,
    difference,
    spread,
)
from simreal_common.pages.html_page import fill_page

# Figures that are shown, of which less is better; of other networks the loss.
SHOWN = {"pose": ("corner_px", "rotation_deg", "position_mm")}
ON = {"synthetic": "synthetic images", "photographs": "photographs"}
PAGE = """\
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Ablations</title><style>
body{font:15px/1.5 system-ui,sans-serif;max-width:1100px;margin:2em auto;padding:0 1em;color:#222}
table{border-collapse:collapse;margin:1em 0}td,th{padding:.2em .9em .2em 0;text-align:left}
tr:nth-child(even){background:#f6f6f6}.worse{color:#b00020}.better{color:#067d43}.unclear{color:#777}
</style></head><body>
<h1>Ablations of the {{ task }} network</h1>
<p>{{ words }}</p>
{% for on, rows in tables.items() %}
<h2>On {{ on }}</h2>
<table><tr><th>learned from</th><th>seeds</th>
{% for figure in figures %}
<th>{{ figure }}</th><th>more than with everything</th>
{% endfor %}
</tr>
{% for row in rows %}
<tr><td>{{ row.words }}</td><td>{{ row.seeds }}</td>
{% for cell in row.cells.values() %}
<td>{{ cell.spread }}</td><td class="{{ cell.verdict }}">{{ cell.told }}</td>
{% endfor %}
</tr>
{% endfor %}
</table>
{% endfor %}
</body></html>
"""


@dataclass(frozen=True)
class Cell:
    """A figure of one variant.

    Args:
        spread: its mean and interval.
        difference: from that with everything; None for everything itself, or where it is not done.
    """

    spread: Spread
    difference: Difference | None

    @property
    def verdict(self) -> str:
        """`worse`, `better`, or `unclear`: seeds alone could make the difference."""
        if self.difference is None or not self.difference.exceeds_spread:
            return "unclear"
        return "worse" if self.difference.mean > 0 else "better"

    @property
    def told(self) -> str:
        return "" if self.difference is None else f"{self.difference} {self.verdict}"


@dataclass(frozen=True)
class Row:
    """One variant on one kind of images."""

    name: str
    words: str
    seeds: int
    cells: Mapping[str, Cell]


@dataclass(frozen=True)
class AblationTable:
    """What came out.

    Args:
        task: which network.
        budget: images that each run learned.
        rows: of each variant, by the images that it was measured on.
    """

    task: str
    budget: int
    rows: Mapping[str, Sequence[Row]]

    @property
    def words(self) -> str:
        """How to read it, in a few sentences."""
        return (
            f"Each run learned {self.budget:,} images. Means over seeds and their "
            f"{CONFIDENCE:.0%} intervals (Student's t); differences from the runs with everything "
            "with Welch's. Less is better. 'unclear': seeds alone could make the difference. Of "
            f"{max(len(VARIANTS) - 1, 1)} comparisons with {len(SHOWN.get(self.task, ('loss',)))} "
            "figures each some exceed their intervals by chance."
        )

    def as_text(self) -> str:
        """For a terminal."""
        lines = [self.words]
        for on, rows in self.rows.items():
            lines += ["", f"on {ON[on]}"]
            for row in rows:
                lines.append(f"  {row.words} ({row.seeds} seeds)")
                lines += [
                    f"    {figure:14} {cell.spread!s:>16}  {cell.told}".rstrip()
                    for figure, cell in row.cells.items()
                ]
        return "\n".join(lines)

    def as_page(self) -> str:
        """For a browser."""
        return fill_page(
            PAGE,
            task=self.task,
            words=self.words,
            figures=SHOWN.get(self.task, ("loss",)),
            tables={ON[on]: rows for on, rows in self.rows.items()},
        )

    def as_json(self) -> dict[str, Any]:
        """For programs; an interval that is not known is null."""
        return {
            "task": self.task,
            "images": self.budget,
            "confidence": CONFIDENCE,
            **{
                on: {
                    row.name: {
                        figure: {
                            **_finite(asdict(cell.spread)),
                            "mean": cell.spread.mean,
                            "difference": _finite(asdict(cell.difference))
                            if cell.difference
                            else None,
                            "verdict": cell.verdict,
                        }
                        for figure, cell in row.cells.items()
                    }
                    for row in rows
                }
                for on, rows in self.rows.items()
            },
        }


def ablation_table(task: str, results: Sequence[AblationResult]) -> AblationTable:
    """The table of what is done so far.

    Args:
        results: one at least.
    """
    names = [name for name in VARIANTS if any(one.variant == name for one in results)]
    rows = {
        on: [_row(task, on, name, results) for name in names]
        for on in ON
        if any(getattr(one, on) for one in results)
    }
    return AblationTable(task, results[0].pictures, rows)


def _row(task: str, on: str, name: str, results: Sequence[AblationResult]) -> Row:
    cells = {}
    for figure in SHOWN.get(task, ("loss",)):
        values, everything = (
            [getattr(one, on)[figure] for one in results if one.variant == variant]
            for variant in (name, EVERYTHING.name)
        )
        compared = name != EVERYTHING.name and bool(everything)
        cells[figure] = Cell(spread(values), difference(values, everything) if compared else None)
    seeds = sum(one.variant == name for one in results)
    return Row(name, VARIANTS[name].words, seeds, cells)


def _finite(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: None if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in values.items()
    }
