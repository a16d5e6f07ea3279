package interop;

import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.springframework.security.oauth2.core.DelegatingOAuth2TokenValidator;
import org.springframework.security.oauth2.jose.jws.SignatureAlgorithm;
import org.springframework.security.oauth2.jwt.JwtClaimValidator;
import org.springframework.security.oauth2.jwt.JwtException;
import org.springframework.security.oauth2.jwt.JwtIssuerValidator;
import org.springframework.security.oauth2.jwt.JwtTimestampValidator;
import org.springframework.security.oauth2.jwt.JwtTypeValidator;
import org.springframework.security.oauth2.jwt.NimbusJwtDecoder;

/** Spring Security's decoder, as a resource server has it. */
final class SpringVerifier {
    // example
    // org.springframework.security:spring-security-oauth2-jose
    static NimbusJwtDecoder decoder(String jwksUri, String issuer, String audience, String algorithm) {
        var decoder = NimbusJwtDecoder.withJwkSetUri(jwksUri).validateType(false)
                .jwsAlgorithm(SignatureAlgorithm.from(algorithm)).build();
        var ours = new JwtClaimValidator<List<String>>("aud", all -> all != null && all.contains(audience));
        decoder.setJwtValidator(new DelegatingOAuth2TokenValidator<>(new JwtTypeValidator("at+jwt"),
                new JwtIssuerValidator(issuer), new JwtTimestampValidator(Duration.ZERO), ours));
        return decoder; // decoder.decode(token)
    }
    // end

    private static final Map<String, NimbusJwtDecoder> DECODERS = new HashMap<>();

    private static Map<String, Object> verify(World world, String token, String audience, String algorithm) {
        NimbusJwtDecoder decoder = DECODERS.computeIfAbsent(audience,
                name -> decoder(world.metadata.jwksUri(), world.issuer, name, algorithm));
        Map<String, Object> claims = new HashMap<>(decoder.decode(token).getClaims());
        claims.replaceAll((name, value) -> value instanceof Instant time ? time.getEpochSecond() : value);
        return claims;
    }

    public static void main(String[] args) throws Exception {
        Verifying verifying = new Verifying(SpringVerifier::verify, JwtException.class::isInstance);
        Peer.run(args, NimbusJwtDecoder.class, verifying.algorithms("ES256", "RS256").table());
    }
}
