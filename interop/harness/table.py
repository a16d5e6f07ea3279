"""The rows as a table: for the terminal, and as Markdown."""

from collections.abc import Sequence

from harness.verdict import FAILED, NOT_SUPPORTED, OK, Row

HEAD = ("language", "library", "version", "case", "verdict")


def cells(row: Row) -> tuple[str, ...]:
    """The row's cells; a verdict other than ok comes with its reason."""
    verdict = row.verdict.replace("-", " ")
    if row.verdict != OK and row.detail:
        verdict = f"{verdict}: {row.detail}"
    return (row.language, row.library, row.version, row.case, verdict)


def text(rows: Sequence[Row]) -> str:
    """Columns of equal width."""
    table = [HEAD, *map(cells, rows)]
    widths = [max(len(line[column]) for line in table) for column in range(len(HEAD) - 1)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(line, widths)), line[-1]])
        for line in table
    )


def markdown(rows: Sequence[Row]) -> str:
    """A Markdown table, and the sum below."""
    lines = [HEAD, ("---",) * len(HEAD), *map(cells, rows)]
    table = ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]
    return "\n".join([*table, "", total(rows), ""])


def total(rows: Sequence[Row]) -> str:
    """How many of each verdict."""
    count = {verdict: 0 for verdict in (OK, FAILED, NOT_SUPPORTED)}
    for row in rows:
        count[row.verdict] += 1
    return (
        f"{count[OK]} passed, {count[FAILED]} failed, {count[NOT_SUPPORTED]} not supported"
    )
