"""The plot: memory by process, adjustments and pressure over one axis of time, with a line at every kill."""

import io
import textwrap
import warnings
from collections.abc import Iterator
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from fakeproc.report.series import Process, Series

WIDTH, MEMORY_HEIGHT, OTHER_HEIGHT = 11.0, 4.0, 1.5  # inches
LEFT, RIGHT = 0.08, 0.78  # of the width: the legend is beside it
MOST_NAMED = 12  # kills with a name
# No red: that is for kills.
PALETTE = (
    "#4e79a7", "#f28e2b", "#59a14f", "#b07aa1", "#edc948", "#76b7b2", "#ff9da7", "#9c755f", "#8cd17d", "#d4a6c8",
)  # fmt: skip
OTHERS, KILL = "#c8c8c8", "#c00000"
SHEET = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1.5}
STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "fakeproc",
    "text.parse_math": False,
    "font.size": 9,
    "font.family": ["DejaVu Sans", "sans-serif"],
}


def _colors(series: Series) -> list[str]:
    """Of each process; the largest, which is the last, has the first color."""
    count = len(series.processes)
    return [PALETTE[(count - 1 - i) % len(PALETTE)] for i in range(count)]


def picture(series: Series, kind: str) -> bytes:
    """The bytes of an svg or a png; the same ones for the same run."""
    with matplotlib.rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # a name may be in any script
        figure = _figure(series)
        stream = io.BytesIO()
        metadata = {"Date": None} if kind == "svg" else {"Software": None}
        figure.savefig(stream, format=kind, dpi=150, metadata=metadata)
    return stream.getvalue()


def _figure(series: Series) -> Figure:
    rows = [_memory, *([_adjustments] if _adjusted(series) else []), *([_pressure] if series.pressure else [])]
    heights = [MEMORY_HEIGHT] + [OTHER_HEIGHT] * (len(rows) - 1)
    figure = Figure(figsize=(WIDTH, sum(heights) + 1.2))
    grid = {"height_ratios": heights, "left": LEFT, "right": RIGHT, "top": 0.9, "bottom": 0.1, "hspace": 0.12}
    axes = figure.subplots(len(rows), 1, sharex=True, squeeze=False, gridspec_kw=grid)[:, 0]
    figure.text(LEFT, 0.965, textwrap.shorten(series.title, 105), fontsize=11, weight="bold", va="center")
    figure.text(LEFT, 0.93, textwrap.shorten(series.subtitle, 130), color="#555555", va="center")
    for draw, ax in zip(rows, axes, strict=True):
        draw(ax, series)
        _mark_kills(ax, series)
        ax.spines[["top", "right"]].set_visible(False)
        ax.margins(x=0)
    axes[0].set_xlim(0, max(series.end, 0.001))
    _name_kills(axes[0], series)
    axes[-1].set_xlabel("seconds")
    figure.align_ylabels(axes)
    return figure


def _memory(ax: Any, series: Series) -> None:
    """What is resident, stacked; how much is swapped, and how large RAM is, as lines."""
    layers = [series.others, *(process.resident for process in series.processes)]
    colors = [OTHERS, *_colors(series)]
    areas = ax.stackplot(series.times, layers, colors=colors, step="post", linewidth=0)
    handles, labels = list(reversed(areas)), [*(p.label for p in reversed(series.processes)), "all others"]
    handles += ax.plot([0, series.end], [series.ram] * 2, color="black", linewidth=1, linestyle="--")
    labels.append("size of RAM")
    if any(series.swap):
        handles += ax.step(series.times, series.swap, where="post", color="black", linewidth=1.5, linestyle=":")
        labels.append("in swap, of all")
    ax.legend(handles, labels, loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False, borderaxespad=0)
    ax.set_ylabel("MiB in RAM")
    ax.set_ylim(bottom=0)


def _adjusted(series: Series) -> list[tuple[str, Process]]:
    """Those whose adjustment is not always 0, with their colors."""
    pairs = zip(_colors(series), series.processes, strict=True)
    return [(color, process) for color, process in pairs if any(process.adj)]


def _adjustments(ax: Any, series: Series) -> None:
    for color, process in _adjusted(series):
        values = [float("nan") if value is None else value for value in process.adj]
        ax.step(series.times, values, where="post", color=color, linewidth=1.3)
    ax.set_ylim(-1060, 1060)
    ax.set_yticks([-1000, 0, 1000])
    ax.set_ylabel("oom_score_adj")


def _pressure(ax: Any, series: Series) -> None:
    for (kind, values), color in zip(series.pressure.items(), ("#e08000", "#b00000"), strict=False):
        ax.plot(series.times, values, color=color, linewidth=1.3, label=kind)
    ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False, borderaxespad=0)
    ax.set_ylim(0, 100)
    ax.set_ylabel("pressure, %")


def _mark_kills(ax: Any, series: Series) -> None:
    for time in dict.fromkeys(time for time, _ in series.kills[:200]):
        ax.axvline(time, color=KILL, linewidth=0.8)


def _name_kills(ax: Any, series: Series) -> None:
    for row, (time, text) in enumerate(_named(series)):
        right = time > series.end * 0.6
        place = {"xytext": (-4 if right else 4, -3 - 13 * row), "textcoords": "offset points"}
        options = {"va": "top", "ha": "right" if right else "left", "color": KILL, "fontsize": 8, "bbox": SHEET}
        ax.annotate(text, (time, 1), xycoords=("data", "axes fraction"), **place, **options)


def _named(series: Series) -> Iterator[tuple[float, str]]:
    yield from series.kills[:MOST_NAMED]
    if len(series.kills) > MOST_NAMED:
        yield series.kills[MOST_NAMED][0], f"and {len(series.kills) - MOST_NAMED} more kills"
