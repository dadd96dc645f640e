"""Medians, ratios and tables."""

import json
import statistics


def median(values):
    return statistics.median(values)


def percentile(values, share):
    """The value that `share` of all are not above (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -(-int(share * 1000) * len(ordered) // 1000) - 1))]


def spread(values):
    """How far the rounds lie apart: (largest - smallest) / median."""
    middle = median(values)
    return (max(values) - min(values)) / middle if middle else 0.0


def number(value, unit=""):
    if value is None:
        return "-"
    if isinstance(value, str):
        return value
    size = abs(value)
    text = "%.0f" % value if size >= 1000 else "%.1f" % value if size >= 10 else "%.2f" % value if size >= 0.1 or size == 0 else "%.3f" % value
    if size >= 10000:
        text = "{:,.0f}".format(value)
    return text + (" " + unit if unit else "")


def table(title, columns, rows):
    """Prints a table: text to the left, numbers to the right."""
    cells = [[number(cell) for cell in row] for row in rows]
    widths = [max(len(str(line[i])) for line in [columns] + cells) for i in range(len(columns))]
    print("\n  " + title, flush=True)
    for line, is_head in [(columns, True)] + [(row, False) for row in cells]:
        parts = []
        for i, cell in enumerate(line):
            left = is_head and isinstance(rows[0][i] if rows else "", str) or not is_head and isinstance(rows[0][i], str)
            parts.append(str(cell).ljust(widths[i]) if left else str(cell).rjust(widths[i]))
        print("    " + "  ".join(parts).rstrip(), flush=True)
        if is_head:
            print("    " + "  ".join("-" * width for width in widths), flush=True)


class Targets:
    """What was promised, and whether this run kept it."""

    def __init__(self):
        self.rows = []

    def check(self, name, value, limit, at_least):
        kept = value >= limit if at_least else value <= limit
        self.rows.append({"target": name, "wanted": limit, "at_least": at_least, "measured": value, "kept": kept})

    def print(self):
        if not self.rows:
            return
        table("Targets", ["target", "wanted", "measured", "kept"],
              [[r["target"], ("≥ " if r["at_least"] else "≤ ") + number(r["wanted"]), number(r["measured"]),
                "yes" if r["kept"] else "NO"] for r in self.rows])


def write_json(path, results):
    with open(path, "w") as file:
        json.dump(results, file, indent=1)
        file.write("\n")
