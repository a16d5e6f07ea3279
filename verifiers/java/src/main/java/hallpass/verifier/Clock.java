package hallpass.verifier;

import java.time.Duration;

/** Tells the time on two scales; a test brings another than the machine's. */
public interface Clock {
    /** The clock of the machine. */
    Clock SYSTEM = new Clock() {
        @Override
        public long unixS() {
            return System.currentTimeMillis() / 1000;
        }

        @Override
        public Duration monotonic() {
            return Duration.ofNanos(System.nanoTime());
        }
    };

    /** Seconds since 1970. May jump. */
    long unixS();

    /** Time since an arbitrary start. Never jumps. */
    Duration monotonic();
}
