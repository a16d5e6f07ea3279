package hallpass.verifier;

import java.util.List;
import java.util.Locale;
import java.util.Set;

/** What an API demands of a token, and whether claims are so. */
record Policy(String issuer, List<String> audiences, List<String> algorithms, boolean acceptJwtType, long leewayS) {
    private static final long LEEWAY_MAX_S = 300;
    private static final Set<String> AT_JWT = Set.of("at+jwt", "application/at+jwt");
    private static final Set<String> JWT = Set.of("jwt", "application/jwt");

    Policy {
        if (issuer == null || issuer.isEmpty()) {
            throw new IllegalArgumentException("issuer: the policy names no issuer");
        }
        if (audiences.isEmpty() || audiences.stream().anyMatch(one -> withoutSlash(one).isEmpty())) {
            throw new IllegalArgumentException("audience: the policy names no audience, or an empty one");
        }
        if (algorithms.isEmpty() || !KeySet.ALGORITHMS.containsAll(algorithms)) {
            throw new IllegalArgumentException("algorithms: expected some of " + KeySet.ALGORITHMS);
        }
        if (leewayS < 0 || leewayS > LEEWAY_MAX_S) {
            throw new IllegalArgumentException("leeway: " + leewayS + " s is not between 0 and " + LEEWAY_MAX_S);
        }
    }

    boolean accepts(String typ) {
        String lower = typ.toLowerCase(Locale.ROOT);
        return AT_JWT.contains(lower) || acceptJwtType && JWT.contains(lower);
    }

    /** Issuer, audience and dates, on every use of the token. Throws Rejection. */
    void check(Claims claims, long nowS) {
        if (!claims.issuer().equals(issuer)) {
            throw new Rejection("wrong_issuer", "expected " + issuer + ", got " + claims.issuer());
        }
        boolean ours = claims.audience().stream().anyMatch(theirs ->
                audiences.stream().anyMatch(one -> withoutSlash(one).equals(withoutSlash(theirs))));
        if (!ours) {
            throw new Rejection("wrong_audience", "expected " + audiences + ", got " + claims.audience());
        }
        if (nowS >= claims.expiresAt() + leewayS) {
            throw new Rejection("expired", "exp is " + claims.expiresAt() + ", now is " + nowS);
        }
        long begins = Math.max(claims.notBefore(), claims.issuedAt());
        if (begins > nowS + leewayS) {
            throw new Rejection("not_yet_valid", "it begins at " + begins + ", now is " + nowS);
        }
    }

    /** Half of the world writes one slash at the end, half does not. */
    private static String withoutSlash(String audience) {
        return audience.endsWith("/") ? audience.substring(0, audience.length() - 1) : audience;
    }
}
