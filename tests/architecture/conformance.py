"""Holds the table in the README's section Conformance against the tree: what it names is there and carries the ids."""

import re

from rules import Kind

_ID = r"[DHSNIOEB]\d{1,2}"
_CITED = re.compile(rf"(?<![A-Za-z0-9])({_ID})(?:-({_ID}))?(?![A-Za-z0-9])")
_PATH = re.compile(r"`([^`]+)`")


def breaches(root):
    """Yields (line of the README, kind, detail). A tree without README is none of ours."""
    readme = root / "README.md"
    if not readme.is_file():
        return
    rows = list(_rows(readme.read_text(encoding="utf-8")))
    if not rows:
        yield 1, Kind.CONFORMANCE_TABLE, "no section Conformance with a table of rows, where and proven by"
    for line, ids, where, proven_by in rows:
        yield from _check_row(root, line, ids, where, proven_by)


def _rows(text):
    """(line, ids, paths of `where`, paths of `proven by`) of each row of the table."""
    columns = None
    section = ""
    for line, content in enumerate(text.splitlines(), 1):
        if content.startswith("## "):
            section = content[3:].strip()
        if section != "Conformance" or not content.startswith("|"):
            continue
        cells = [cell.strip() for cell in content.strip("|").split("|")]
        if columns is None and {"rows", "where", "proven by"} <= set(cells):
            columns = [cells.index(name) for name in ("rows", "where", "proven by")]
        elif columns is not None and len(cells) > max(columns) and not set(content) <= set("|-: "):
            ids, where, proven_by = (cells[column] for column in columns)
            yield line, re.findall(_ID, ids), _PATH.findall(where), _PATH.findall(proven_by)


def _check_row(root, line, ids, where, proven_by):
    for path in (*where, *proven_by):
        if not (root / path).exists():
            yield line, Kind.CONFORMANCE_PATH, path
    # What is no part of the broker, as an example, shows a rule and does not make it.
    rooms = [path for path in where if path.startswith(("broker/", "service/"))]
    if rooms:
        yield from _uncited(root, line, ids, rooms)
    yield from _uncited(root, line, ids, proven_by)


def _uncited(root, line, ids, paths):
    cited = set().union(*(_ids_in(root / path) for path in paths))
    for missing in (one for one in ids if one not in cited):
        yield line, Kind.CONFORMANCE_ID, f"{missing} stands in none of: {', '.join(paths) or '-'}"


def _ids_in(path):
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    ids = set()
    for file in files:
        if file.is_file():
            ids |= ids_cited(file.read_text(encoding="utf-8", errors="replace"))
    return ids


def ids_cited(text):
    """The requirement ids in `text`; "O4-O6" names three."""
    ids = set()
    for first, last in _CITED.findall(text):
        ids |= {first, last or first}
        if last and last[0] == first[0]:
            ids |= {f"{first[0]}{number}" for number in range(int(first[1:]), int(last[1:]))}
    return ids
