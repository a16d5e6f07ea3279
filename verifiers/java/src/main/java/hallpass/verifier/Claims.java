package hallpass.verifier;

import java.util.List;
import java.util.Map;

/**
 * The claims of a token that passed (RFC 9068 §2.2).
 *
 * @param keyId the {@code kid} of the key that vouched for it
 * @param generation {@code gen}, or null
 * @param organization {@code org}, or null
 * @param all every claim as it came; numbers are {@link java.math.BigDecimal}
 */
public record Claims(
        String keyId,
        String issuer,
        List<String> audience,
        String subject,
        String clientId,
        String tokenId,
        long issuedAt,
        long expiresAt,
        long notBefore,
        List<String> scopes,
        Long generation,
        String organization,
        Map<String, Object> all) {}
