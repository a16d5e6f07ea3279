package hallpass.verifier;

/** Whether tokens are held against the issuer's revocation feed. */
public enum Revocations {
    /** Without a feed nothing passes (503). */
    REQUIRED,
    /** If the issuer has one; tokens of other issuers live until they expire. The default. */
    IF_OFFERED,
    /** Tokens live until they expire. */
    OFF
}
