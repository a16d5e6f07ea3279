"""What became of a case, in words that hold no secret."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

OK = "ok"
FAILED = "failed"
NOT_SUPPORTED = "not-supported"

# What looks like a secret of Hallpass or a JWT, whoever made it.
SECRET = re.compile(r"hps_[A-Za-z0-9]+|eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_.-]*")
DETAIL_AT_MOST = 300


@dataclass(frozen=True)
class Row:
    """One case of one library."""

    language: str
    library: str
    version: str
    case: str
    verdict: str
    detail: str = ""


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """The text without secrets and tokens, on one line."""
    for secret in secrets:
        text = text.replace(secret, "[secret]")
    return " ".join(SECRET.sub("[secret]", text).split())


@dataclass
class Reading:
    """What a peer has printed so far."""

    version: str
    verdicts: dict[str, tuple[str, str]]
    strays: list[str]

    @classmethod
    def of(cls, lines: Iterable[str]) -> "Reading":
        """Reads its lines: `{"version": …}` once, `{"case": …, "verdict": …, "detail": …}` per
        case. Other lines are kept, to be shown if something is wrong."""
        reading = cls("?", {}, [])
        for line in lines:
            reading._take(line)
        return reading

    def _take(self, line: str) -> None:
        try:
            value = json.loads(line)
        except ValueError:
            value = None
        if not isinstance(value, dict):
            self.strays.append(line)
        elif "version" in value:
            self.version = str(value["version"])
        elif value.get("verdict") in (OK, FAILED, NOT_SUPPORTED) and "case" in value:
            verdict = (str(value["verdict"]), str(value.get("detail") or ""))
            self.verdicts[str(value["case"])] = verdict
        else:
            self.strays.append(line)

    def rows(
        self, place: tuple[str, str], cases: Iterable[str], secrets: Iterable[str], ending: str
    ) -> Iterator[Row]:
        """A row per case. A case without a verdict has failed, and so has one that is in no
        table."""
        wanted = list(cases)
        silent = ending or "the peer says nothing about this case"
        unknown = {
            case: (FAILED, "this case is not in harness/cases.py")
            for case in self.verdicts
            if case not in wanted
        }
        verdicts = {case: self.verdicts.get(case, (FAILED, silent)) for case in wanted} | unknown
        for case, (verdict, detail) in verdicts.items():
            # Secrets go before the text is cut: half a secret is one too.
            detail = redact(detail, secrets)[:DETAIL_AT_MOST]
            yield Row(*place, self.version, case, verdict, detail)
