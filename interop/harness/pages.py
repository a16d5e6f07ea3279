"""The pages that the suite writes: what was found, and an example for each library."""

import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path

from harness.cases import CASES, CLIENT, GENERATED, PROXY, VERIFIER, names
from harness.languages import INTEROP, Language, Peer
from harness.table import total
from harness.verdict import FAILED, NOT_SUPPORTED, OK, Row

ROOT = INTEROP.parent
RESULTS = ROOT / "docs" / "reference" / "interop.md"
EXAMPLES = ROOT / "docs" / "howto" / "client-libraries.md"

COMMENTS = ("#", "//")
SPOKEN = {
    "go": "Go",
    "java": "Java",
    "kotlin": "Kotlin",
    "node": "JavaScript",
    "openapi": "Generated from OpenAPI",
    "perl": "Perl",
    "proxies": "Reverse proxies",
    "python": "Python",
    "r": "R",
    "ruby": "Ruby",
    "rust": "Rust",
    "shell": "Command line",
}
FENCES = {".py": "python", ".mjs": "js", ".pl": "perl", ".rb": "ruby", ".rs": "rust", ".kt": "kotlin",
          ".R": "r"}
MARKS = {OK: "✓", NOT_SUPPORTED: "–", FAILED: "✗"}

# Looked at, and left out for what is wrong with them, not with us.
BROKEN = (
    ("oauth-v2-client 1.2.1 (npm)", "asks for `grant_type=client`, which no server knows"),
    ("oauth2-client-ts 0.1.1 (npm)", "was published without the file that its package names"),
    ("httpie-oauth2-client-credentials-flow 0.4.0 (PyPI)",
     "is no valid Python before 3.12, though it says that it is"),
    ("httpx-oauth2 1.0.7 (PyPI)", "installs the package `jwt`, which overwrites PyJWT"),
    ("signet 0.17.0 (Ruby), by Basic",
     "changes Faraday's connection for all that follow; with the secret in the body it is in the "
     "table"),
)


def write(rows: Sequence[Row], languages: Sequence[Language]) -> None:
    """Writes both pages anew."""
    RESULTS.write_text(results(rows))
    EXAMPLES.write_text(examples(languages))


def results(rows: Sequence[Row]) -> str:
    """What was found, as a page."""
    parts = [
        "# Libraries that work with Hallpass",
        "`cargo xtask interop --pages` wrote this page: it drove each library, unmodified and in the "
        "version shown, against the real binary and an API that verifies its tokens. "
        "[An example for each](../howto/client-libraries.md) is code that ran.",
        f"**{summary(rows)}**",
        "✓ passed · – the library has nothing of the kind; why is said below the table · ✗ failed",
    ]
    for kind, heading in (
        (CLIENT, "Clients"),
        (VERIFIER, "JWT libraries"),
        (GENERATED, "Generated from openapi.json"),
        (PROXY, "Reverse proxies"),
    ):
        chosen = [row for row in rows if row.case in CASES[kind]]
        if chosen:
            parts += _kind(heading, kind, chosen)
    parts.append("## Left out")
    parts.append("\n".join(f"- {library} {why}." for library, why in BROKEN))
    return "\n\n".join(parts) + "\n"


def summary(rows: Iterable[Row]) -> str:
    """How many there are."""
    all_rows = list(rows)
    clients = {(row.language, row.library) for row in all_rows if row.case in CASES[CLIENT]}
    verifiers = {(row.language, row.library) for row in all_rows if row.case in CASES[VERIFIER]}
    spoken = {language for language, _ in clients | verifiers}
    return (
        f"{len(clients)} clients and {len(verifiers)} JWT libraries in {len(spoken)} languages: "
        f"{total(all_rows)}."
    )


def _kind(heading: str, kind: str, rows: Sequence[Row]) -> list[str]:
    parts = [f"## {heading}"]
    parts.append("\n".join(f"- `{case}`: {means}" for case, means in CASES[kind].items()))
    for language in dict.fromkeys(row.language for row in rows):
        own = [row for row in rows if row.language == language]
        if kind in (CLIENT, VERIFIER):
            parts.append(f"### {heading}: {SPOKEN.get(language, language)}")
        parts.append(_matrix(names([kind]), own))
        if reasons := _reasons(own):
            parts.append(reasons)
    return parts


def _matrix(cases: Sequence[str], rows: Sequence[Row]) -> str:
    """A row per library is easier to read than a column, but there are more cases than fit."""
    libraries = list(dict.fromkeys((row.library, row.version) for row in rows))
    verdicts = {(row.library, row.case): MARKS[row.verdict] for row in rows}
    head = ["", *(f"{library} {version}" for library, version in libraries)]
    lines = [head, ["---", *([":-:"] * len(libraries))]]
    for case in cases:
        marks = (verdicts.get((library, case), "") for library, _ in libraries)
        lines.append([f"`{case}`", *marks])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _reasons(rows: Sequence[Row]) -> str:
    reasons: dict[str, dict[str, list[str]]] = {}
    for row in rows:
        if row.verdict != OK:
            reasons.setdefault(row.library, {}).setdefault(row.detail, []).append(f"`{row.case}`")
    return "\n".join(
        f"- {library}: " + "; ".join(f"{why} ({', '.join(cases)})" for why, cases in own.items())
        for library, own in reasons.items()
    )


def examples(languages: Sequence[Language]) -> str:
    """An example for each library, as a page."""
    parts = [
        "# An example for your library",
        "The few lines that each library needs to get a token or to verify one. They are cut out of "
        "the programs of `interop/`, which ran them: "
        "[what was found](../reference/interop.md). Where a name comes from nowhere, it is what your "
        "provider gave you: the issuer, the token endpoint (`https://auth.example.com/oauth/token`), "
        "the id and the secret. Keep the secret out of code, URLs and logs. "
        "[Get a token](get-a-token.md) tells the rest: when to renew, and what to do about a 401.",
        "`cargo xtask interop --pages` wrote this page.",
    ]
    headings = ((CLIENT, "Get a token"), (VERIFIER, "Verify a token"), (GENERATED, "Manage"))
    for kind, heading in headings:
        for language in languages:
            shown = [peer for peer in language.PEERS if kind == peer.kinds[0] and peer.source]
            if shown:
                spoken = SPOKEN.get(language.NAME, language.NAME)
                parts.append(f"## {heading}: {spoken}")
                parts += [part for peer in shown for part in _example(peer)]
    return "\n\n".join(parts) + "\n"


def _example(peer: Peer) -> Iterable[str]:
    source = peer.source
    assert source is not None
    path = source.relative_to(ROOT).as_posix()
    fence = FENCES.get(source.suffix, source.suffix[1:])
    yield f"### {peer.library}"
    yield f"From [its program](../../{path}), `{path}`:"
    yield f"```{fence}\n{marked(source)}```"


def marked(source: Path) -> str:
    """The lines between the marks, without the indent that they have in common."""
    lines: list[str] = []
    inside = False
    for line in source.read_text().splitlines():
        text = line.strip()
        if text in [f"{comment} example" for comment in COMMENTS]:
            inside = True
        elif text in [f"{comment} end" for comment in COMMENTS] and inside:
            return textwrap.dedent("\n".join(lines)).strip("\n") + "\n"
        elif inside:
            lines.append(line)
    raise ValueError(f"{source} has no lines between `example` and `end`")
