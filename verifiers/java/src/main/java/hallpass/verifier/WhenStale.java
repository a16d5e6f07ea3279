package hallpass.verifier;

/** What happens once the feed is staler than was chosen. */
public enum WhenStale {
    /** Nothing passes (503): a revoked token never gets in. The default. */
    FAIL_CLOSED,
    /** What is not known to be dead passes: the API stays up. */
    FAIL_OPEN
}
