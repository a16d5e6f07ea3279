package hallpass.verifier;

import java.util.function.BooleanSupplier;

/** Some wait for what others bring about. */
final class Changes {
    /** Changes something, and tells those who wait. */
    synchronized void make(Runnable change) {
        change.run();
        notifyAll();
    }

    /** Whether it holds within so many milliseconds. */
    synchronized boolean until(BooleanSupplier holds, long withinMs) {
        long limit = System.nanoTime() + withinMs * 1_000_000;
        while (!holds.getAsBoolean()) {
            long leftMs = (limit - System.nanoTime()) / 1_000_000;
            if (leftMs <= 0) {
                return false;
            }
            try {
                wait(leftMs);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return holds.getAsBoolean();
            }
        }
        return true;
    }
}
