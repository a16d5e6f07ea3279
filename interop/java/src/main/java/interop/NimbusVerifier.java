package interop;

import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.source.JWKSource;
import com.nimbusds.jose.jwk.source.JWKSourceBuilder;
import com.nimbusds.jose.proc.BadJOSEException;
import com.nimbusds.jose.proc.DefaultJOSEObjectTypeVerifier;
import com.nimbusds.jose.proc.JWSVerificationKeySelector;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.proc.DefaultJWTClaimsVerifier;
import com.nimbusds.jwt.proc.DefaultJWTProcessor;
import java.net.URL;
import java.util.Map;
import java.util.Set;

/** nimbus-jose-jwt: JOSE for most of Java. */
final class NimbusVerifier {
    // example
    // com.nimbusds:nimbus-jose-jwt; keys = JWKSourceBuilder.create(jwksUrl).build()
    static DefaultJWTProcessor<SecurityContext> verifier(
            JWKSource<SecurityContext> keys, String issuer, String audience, String algorithm) {
        var processor = new DefaultJWTProcessor<>();
        processor.setJWSTypeVerifier(new DefaultJOSEObjectTypeVerifier<>(new JOSEObjectType("at+jwt")));
        processor.setJWSKeySelector(new JWSVerificationKeySelector<>(JWSAlgorithm.parse(algorithm), keys));
        var rules = new DefaultJWTClaimsVerifier<>(audience,
                new JWTClaimsSet.Builder().issuer(issuer).build(), Set.of("sub", "iat", "exp", "jti"));
        rules.setMaxClockSkew(0);
        processor.setJWTClaimsSetVerifier(rules);
        return processor; // verifier.process(token, null)
    }
    // end

    private static JWKSource<SecurityContext> keys;

    private static Map<String, Object> verify(World world, String token, String audience, String algorithm)
            throws Exception {
        if (keys == null) {
            keys = JWKSourceBuilder.create(new URL(world.metadata.jwksUri())).build();
        }
        return verifier(keys, world.issuer, audience, algorithm).process(token, null).toJSONObject();
    }

    public static void main(String[] args) throws Exception {
        Verifying verifying = new Verifying(NimbusVerifier::verify, BadJOSEException.class::isInstance);
        Peer.run(args, JWSAlgorithm.class, verifying.algorithms("ES256", "RS256").table());
    }
}
