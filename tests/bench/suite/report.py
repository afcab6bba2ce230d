"""Figures and tables."""

import statistics


def median(values):
    return statistics.median(values)


def p90(values):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(0.9 * len(ordered) + 0.5) - 1)]


def table(title, head, rows, notes=()):
    """Prints a table: first column left, the others right."""
    cells = [[str(cell) for cell in row] for row in [head, *rows]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    print(f"\n## {title}\n", flush=True)
    for number, row in enumerate(cells):
        texts = [row[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]
        print("| " + " | ".join(texts) + " |")
        if number == 0:
            print("|" + "|".join("-" * (width + 1) + ("-" if column == 0 else ":") for column, width in enumerate(widths))
                  + "|")
    for note in notes:
        print(f"\n{note}")
    print(flush=True)
