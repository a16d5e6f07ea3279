package interop;

import io.jsonwebtoken.Claims;
import io.jsonwebtoken.Jws;
import io.jsonwebtoken.JwtException;
import io.jsonwebtoken.JwsHeader;
import io.jsonwebtoken.Jwts;
import io.jsonwebtoken.Locator;
import io.jsonwebtoken.UnsupportedJwtException;
import io.jsonwebtoken.security.Jwk;
import io.jsonwebtoken.security.Jwks;
import java.security.Key;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** jjwt: its users fetch the keys. */
final class JjwtVerifier {
    // example
    // io.jsonwebtoken:jjwt-impl, io.jsonwebtoken:jjwt-jackson
    static Jws<Claims> verified(Locator<Key> keys, String token, String issuer, String audience) {
        Jws<Claims> read = Jwts.parser().keyLocator(keys).requireIssuer(issuer).requireAudience(audience)
                .build().parseSignedClaims(token);
        if (!"at+jwt".equals(read.getHeader().getType())) {
            throw new UnsupportedJwtException("it is no access token");
        }
        return read;
    }
    // end

    private static final Map<String, Key> KEYS = new ConcurrentHashMap<>();

    /** Reads them again for one that is not among them. */
    private static Key key(World world, String kid) {
        if (!KEYS.containsKey(kid)) {
            try {
                for (Jwk<?> key : Jwks.setParser().build().parse(World.get(world.metadata.jwksUri())).getKeys()) {
                    KEYS.put(key.getId(), key.toKey());
                }
            } catch (java.io.IOException | InterruptedException error) {
                throw new IllegalStateException(error);
            }
        }
        return KEYS.get(kid);
    }

    private static Map<String, Object> verify(World world, String token, String audience, String algorithm) {
        return verified(header -> key(world, ((JwsHeader) header).getKeyId()), token, world.issuer, audience)
                .getPayload();
    }

    public static void main(String[] args) throws Exception {
        Verifying verifying = new Verifying(JjwtVerifier::verify,
                error -> error instanceof JwtException || error instanceof IllegalArgumentException);
        Peer.run(args, Jwts.class, verifying.table());
    }
}
