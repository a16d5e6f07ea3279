"""How long the verifier waits for what, and what time it is. How long a token or the feed is
believed is never decided here."""

import random
import time
from dataclasses import dataclass


class SystemClock:
    """The clock of the machine; a test brings another."""

    def unix_s(self) -> float:
        """Seconds since 1970. May jump."""
        return time.time()

    def monotonic_s(self) -> float:
        """Seconds since an arbitrary start. Never jumps."""
        return time.monotonic()


@dataclass(frozen=True)
class Timing:
    """Limits of patience with the issuer, in seconds."""

    request_s: float = 10.0
    snapshot_s: float = 60.0
    # A stream that brings nothing new for this long is given up.
    stall_s: float = 5.0
    retry_first_s: float = 0.1
    retry_most_s: float = 5.0
    unknown_key_wait_s: float = 2.0
    # Between two fetches that unknown keys cause, once three have been used up.
    unknown_key_apart_s: float = 10.0
    start_s: float = 5.0

    def retry(self, failures: int, most_s: float = 0.0) -> float:
        """How long to wait after so many failures in a row."""
        most_s = max(most_s, self.retry_most_s)
        return jittered(min(self.retry_first_s * 2 ** min(max(failures - 1, 0), 30), most_s))


def jittered(whole_s: float) -> float:
    """Between half of it and the whole, so that a thousand verifiers never ask in step."""
    return whole_s * random.uniform(0.5, 1.0)
