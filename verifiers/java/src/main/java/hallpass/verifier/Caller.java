package hallpass.verifier;

import java.util.List;

/** Who called: the verified claims of the token. */
public final class Caller {
    private final Claims claims;
    private final String realm;

    Caller(Claims claims, String realm) {
        this.claims = claims;
        this.realm = realm;
    }

    /** All that the token says. */
    public Claims claims() {
        return claims;
    }

    /** The credential. */
    public String clientId() {
        return claims.clientId();
    }

    /** The organization that owns the credential, or null. */
    public String organization() {
        return claims.organization();
    }

    /** The {@code jti}, fit for logs. */
    public String tokenId() {
        return claims.tokenId();
    }

    /** Whether it may do this. */
    public boolean hasScope(String scope) {
        return claims.scopes().contains(scope);
    }

    /** Itself, if it has all of these scopes. Throws {@link Rejection}, which {@link GuardFilter} answers. */
    public Caller require(String... scopes) {
        for (String scope : scopes) {
            if (!hasScope(scope)) {
                throw new Rejection("insufficient_scope", scope + " is required").at(realm, List.of(scopes));
            }
        }
        return this;
    }
}
