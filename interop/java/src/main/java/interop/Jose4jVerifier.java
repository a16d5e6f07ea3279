package interop;

import java.util.Map;
import org.jose4j.jwa.AlgorithmConstraints.ConstraintType;
import org.jose4j.jwk.HttpsJwks;
import org.jose4j.jwt.consumer.InvalidJwtException;
import org.jose4j.jwt.consumer.JwtConsumer;
import org.jose4j.jwt.consumer.JwtConsumerBuilder;
import org.jose4j.keys.resolvers.HttpsJwksVerificationKeyResolver;

/** jose4j: under MicroProfile, Kafka's brokers and more. */
final class Jose4jVerifier {
    // example
    // org.bitbucket.b_c:jose4j; keys = new HttpsJwks(jwksUri), made once
    static JwtConsumer consumer(HttpsJwks keys, String issuer, String audience, String algorithm) {
        return new JwtConsumerBuilder()
                .setVerificationKeyResolver(new HttpsJwksVerificationKeyResolver(keys))
                .setJwsAlgorithmConstraints(ConstraintType.PERMIT, algorithm)
                .setExpectedType(true, "at+jwt").setExpectedIssuer(issuer).setExpectedAudience(audience)
                .setRequireExpirationTime().setRequireSubject().setRequireJwtId()
                .build(); // consumer.processToClaims(token)
    }
    // end

    private static HttpsJwks keys;

    private static Map<String, Object> verify(World world, String token, String audience, String algorithm)
            throws Exception {
        if (keys == null) {
            keys = new HttpsJwks(world.metadata.jwksUri());
        }
        return consumer(keys, world.issuer, audience, algorithm).processToClaims(token).getClaimsMap();
    }

    public static void main(String[] args) throws Exception {
        Verifying verifying = new Verifying(Jose4jVerifier::verify, InvalidJwtException.class::isInstance);
        Peer.run(args, JwtConsumer.class, verifying.table());
    }
}
