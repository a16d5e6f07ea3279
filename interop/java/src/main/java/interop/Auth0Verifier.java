package interop;

import com.auth0.jwk.Jwk;
import com.auth0.jwk.JwkException;
import com.auth0.jwk.JwkProvider;
import com.auth0.jwk.JwkProviderBuilder;
import com.auth0.jwt.JWT;
import com.auth0.jwt.algorithms.Algorithm;
import com.auth0.jwt.exceptions.JWTVerificationException;
import com.auth0.jwt.interfaces.DecodedJWT;
import java.net.URL;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.util.Map;

/** java-jwt with jwks-rsa, both of Auth0. */
final class Auth0Verifier {
    // example
    // com.auth0:java-jwt, com.auth0:jwks-rsa; keys = new JwkProviderBuilder(jwksUrl).build()
    static DecodedJWT verified(JwkProvider keys, String token, String issuer, String audience)
            throws JwkException {
        DecodedJWT read = JWT.decode(token);
        Jwk key = keys.get(read.getKeyId());
        Algorithm algorithm = key.getPublicKey() instanceof ECPublicKey ec
                ? Algorithm.ECDSA256(ec, null) : Algorithm.RSA256((RSAPublicKey) key.getPublicKey(), null);
        if (!"at+jwt".equals(read.getType())) {
            throw new JWTVerificationException("it is no access token");
        }
        return JWT.require(algorithm).withIssuer(issuer).withAudience(audience).build().verify(token);
    }
    // end

    private static JwkProvider keys;

    private static Map<String, Object> verify(World world, String token, String audience, String algorithm)
            throws Exception {
        if (keys == null) {
            keys = new JwkProviderBuilder(new URL(world.metadata.jwksUri())).build();
        }
        // That it is verified, not decoded only, the changed token shows.
        return World.claims(verified(keys, token, world.issuer, audience).getToken());
    }

    public static void main(String[] args) throws Exception {
        Verifying verifying = new Verifying(Auth0Verifier::verify,
                error -> error instanceof JWTVerificationException || error instanceof JwkException);
        Peer.run(args, JWT.class, verifying.algorithms("ES256", "RS256").table());
    }
}
