"""A clock that stands still until it is told to move."""

from hallpass_verifier import SystemClock


class ManualClock(SystemClock):
    """Both scales."""

    def __init__(self, unix_s):
        self._unix_s, self._passed_s = unix_s, 0.0

    def unix_s(self):
        return self._unix_s

    def monotonic_s(self):
        return self._passed_s

    def advance(self, by_s):
        """Time passes."""
        self._unix_s += by_s
        self._passed_s += by_s

    def jump(self, by_s):
        """Somebody sets the clock on the wall."""
        self._unix_s += by_s
