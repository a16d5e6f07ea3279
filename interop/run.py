#!/usr/bin/env python3
"""Real OAuth libraries against the real Hallpass binary. See README.md."""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from harness import books, pages, table
from harness.command import CommandError
from harness.installation import Installation
from harness.languages import Language, Peer, languages
from harness.service import ServiceError
from harness.suite import Suite
from harness.verdict import FAILED, Row


def arguments() -> argparse.Namespace:
    """What was asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hallpass", type=Path, required=True, help="the binary to test")
    parser.add_argument("--books", type=Path, help="the Books API (default: built here)")
    parser.add_argument("--out", type=Path, help="write the table to this Markdown file too")
    parser.add_argument(
        "--pages", action="store_true", help="write the pages of docs/ that show all this"
    )
    parser.add_argument("--keep", action="store_true", help="keep the folder with logs and data")
    parser.add_argument("only", nargs="*", help="languages or libraries (default: all)")
    return parser.parse_args()


def chosen(only: list[str]) -> list[tuple[Language, list[Peer]]]:
    """The peers that were asked for, by language."""
    known = languages()
    names = {name for lang in known for name in (lang.NAME, *(p.library for p in lang.PEERS))}
    for name in only:
        if name not in names:
            sys.exit(f"there is no language or library `{name}`; there are {sorted(names)}")
    everything = [
        (lang, [p for p in lang.PEERS if not only or lang.NAME in only or p.library in only])
        for lang in known
    ]
    return [(language, peers) for language, peers in everything if peers]


def run(args: argparse.Namespace, folder: Path) -> list[Row]:
    """Starts the servers and runs the peers."""
    peers_by_language = chosen(args.only)
    hallpass = args.hallpass.resolve()
    books_binary = args.books.resolve() if args.books else books.build(hallpass)
    installation = Installation(hallpass, folder)
    with installation.serve():
        api = books.BooksApi(books_binary, installation)
        with api.service:
            return Suite(installation, api).run(peers_by_language)


def main() -> int:
    """0 if nothing failed."""
    args = arguments()
    folder = Path(tempfile.mkdtemp(prefix="hallpass-interop-"))
    try:
        rows = run(args, folder)
    except (CommandError, ServiceError) as error:
        print(error, file=sys.stderr)
        return 2
    finally:
        if args.keep:
            print(f"Kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    print(table.text(rows))
    if args.pages:
        pages.write(rows, languages())
    if args.out:
        args.out.write_text(table.markdown(rows))
    print(f"\n{table.total(rows)}")
    return 1 if any(row.verdict == FAILED for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
