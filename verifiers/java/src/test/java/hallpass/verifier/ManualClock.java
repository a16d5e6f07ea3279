package hallpass.verifier;

import java.time.Duration;

/** A clock that stands still until it is told to move. */
final class ManualClock implements Clock {
    private long unixS;
    private long passedS;

    ManualClock(long unixS) {
        this.unixS = unixS;
    }

    @Override
    public long unixS() {
        return unixS;
    }

    @Override
    public Duration monotonic() {
        return Duration.ofSeconds(passedS);
    }

    /** Time passes. */
    void advance(long byS) {
        unixS += byS;
        passedS += byS;
    }

    /** Somebody sets the clock on the wall. */
    void jump(long byS) {
        unixS += byS;
    }
}
