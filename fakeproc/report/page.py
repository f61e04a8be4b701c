"""The page: the plot, what happened and the verdicts, in one file. Every name in it comes from outside."""

import json
from collections.abc import Iterator
from html import escape

from fakeproc.report import plot
from fakeproc.report.series import Series

MOST_ENTRIES = 5000

STYLE = """
body { font: 14px/1.45 system-ui, sans-serif; margin: 2em auto; max-width: 1180px; padding: 0 1em; color: #222; }
h2 { font-size: 1.05em; margin-top: 1.6em; }
#plot { position: relative; } #plot svg { width: 100%; height: auto; display: block; }
#cursor { position: absolute; top: 7%; bottom: 9%; width: 1px; background: #0050c0; display: none;
  pointer-events: none; }
#tip { position: absolute; background: #fffffff0; border: 1px solid #999; padding: .3em .6em; display: none;
  font-size: 12px; pointer-events: none; white-space: pre; box-shadow: 0 1px 4px #0003; z-index: 2; }
table { border-collapse: collapse; width: 100%; font-size: 13px; } td { padding: .1em .6em; vertical-align: top; }
td:first-child { text-align: right; white-space: nowrap; color: #555; font-variant-numeric: tabular-nums; }
tr.log td:last-child { font-family: monospace; color: #555; } tr.death td { color: #c00000; }
tr[data-at]:hover, tr.near { background: #e8f0ff; } td.FAIL { color: #c00000; } td.PASS { color: #107010; }
"""

SCRIPT = """
const data = JSON.parse(document.getElementById("data").textContent);
const [plot, cursor, tip] = ["plot", "cursor", "tip"].map(id => document.getElementById(id));
const rows = [...document.querySelectorAll("tr[data-at]")];
function show(at) {
  const width = plot.clientWidth, x = (data.left + (data.right - data.left) * at / data.end) * width;
  let i = data.times.findIndex(time => time > at) - 1;
  if (i < 0) i = at < data.times[0] ? 0 : data.times.length - 1;
  const lines = data.layers.filter(layer => layer.values[i] >= 0.05)
    .map(layer => layer.values[i].toFixed(1).padStart(10) + " MiB  " + layer.label);
  tip.textContent = at.toFixed(3) + " s\\n" + lines.join("\\n");
  cursor.style.display = tip.style.display = "block";
  cursor.style.left = x + "px";
  tip.style.left = (x > width / 2 ? x - tip.offsetWidth - 8 : x + 8) + "px";
  tip.style.top = "12%";
  for (const row of rows) row.classList.toggle("near", Math.abs(row.dataset.at - at) < data.end / 200);
}
plot.addEventListener("mousemove", event => {
  const part = (event.clientX - plot.getBoundingClientRect().left) / plot.clientWidth;
  const at = (part - data.left) / (data.right - data.left) * data.end;
  if (at >= 0 && at <= data.end) show(at);
});
plot.addEventListener("mouseleave", () => { cursor.style.display = tip.style.display = "none"; });
for (const row of rows) row.addEventListener("mouseenter", () => show(Number(row.dataset.at)));
"""


def html(series: Series) -> str:
    return "\n".join(_lines(series)) + "\n"


def _lines(series: Series) -> Iterator[str]:
    yield '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
    yield f"<title>{escape(series.title)}</title><style>{STYLE}</style></head><body>"
    yield f'<div id="plot">{_svg(series)}<div id="cursor"></div><div id="tip"></div></div>'
    yield from _verdicts(series)
    yield from _entries(series)
    yield f'<script type="application/json" id="data">{_data(series)}</script><script>{SCRIPT}</script></body></html>'


def _svg(series: Series) -> str:
    """Without what only a file of its own has."""
    text = plot.picture(series, "svg").decode()
    return text[text.index("<svg") :]


def _verdicts(series: Series) -> Iterator[str]:
    if not series.verdicts:
        return
    yield "<h2>What was expected</h2><table>"
    for holds, text in series.verdicts:
        word = "PASS" if holds else "FAIL"
        yield f'<tr><td class="{word}">{word}</td><td>{escape(text)}</td></tr>'
    yield "</table>"


def _entries(series: Series) -> Iterator[str]:
    yield "<h2>What happened</h2><table>"
    for at, kind, text in series.entries[:MOST_ENTRIES]:
        yield f'<tr class="{escape(kind)}" data-at="{at:.9g}"><td>{at:.3f} s</td><td>{escape(text)}</td></tr>'
    if len(series.entries) > MOST_ENTRIES:
        yield f"<tr><td></td><td>and {len(series.entries) - MOST_ENTRIES} more, which the record has</td></tr>"
    yield "</table>"


def _data(series: Series) -> str:
    """What the script shows. No text in it ends the element or begins another."""
    layers = [{"label": one.label, "values": _rounded(one.resident)} for one in reversed(series.processes)]
    layers += [
        {"label": f"{one.label}, in swap", "values": _rounded(one.swap)} for one in series.processes if any(one.swap)
    ]
    layers.append({"label": "all others", "values": _rounded(series.others)})
    found = {
        "left": plot.LEFT,
        "right": plot.RIGHT,
        "end": max(series.end, 0.001),
        "times": series.times,
        "layers": layers,
    }
    return json.dumps(found).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _rounded(values: list[float]) -> list[float]:
    return [round(value, 1) for value in values]
