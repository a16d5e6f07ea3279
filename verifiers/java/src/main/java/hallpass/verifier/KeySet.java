package hallpass.verifier;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSObject;
import com.nimbusds.jose.JWSVerifier;
import com.nimbusds.jose.crypto.ECDSAVerifier;
import com.nimbusds.jose.crypto.RSASSAVerifier;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.OctetKeyPair;
import com.nimbusds.jose.jwk.RSAKey;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.text.ParseException;
import java.util.Base64;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * The issuer's public keys (RFC 7517), each for the one algorithm that its kind allows. The
 * cryptography is Nimbus's, and Java's own for Ed25519, for which Nimbus wants another library.
 */
final class KeySet {
    static final List<String> ALGORITHMS = List.of("ES256", "RS256", "EdDSA");

    private static final List<String> PRIVATE = List.of("d", "p", "q", "dp", "dq", "qi", "oth", "k");
    private static final Map<String, List<String>> MATERIAL =
            Map.of("ES256", List.of("kty", "crv", "x", "y"), "RS256", List.of("kty", "n", "e"), "EdDSA",
                    List.of("kty", "crv", "x"));
    private static final int MOST_KEYS = 100;
    private static final Pattern BASE64URL = Pattern.compile("[A-Za-z0-9_-]*");
    // What comes before the 32 bytes of an Ed25519 key in X.509 (RFC 8410 §4).
    private static final byte[] ED25519 = HexFormat.of().parseHex("302a300506032b6570032100");

    private KeySet() {}

    /** A key, ready to verify. */
    record Key(String algorithm, Check check) {}

    /** Whether the key vouches for a token. */
    interface Check {
        boolean holds(JWSObject token) throws JOSEException, GeneralSecurityException;
    }

    /** Canonical base64url (RFC 7515 §2): each value has one spelling. */
    static byte[] decode(String text) {
        if (!BASE64URL.matcher(text).matches()) {
            throw new IllegalArgumentException("not base64url");
        }
        byte[] value = Base64.getUrlDecoder().decode(text);
        if (!Base64.getUrlEncoder().withoutPadding().encodeToString(value).equals(text)) {
            throw new IllegalArgumentException("base64url with stray bits");
        }
        return value;
    }

    /**
     * The usable keys of a JWK Set by {@code kid}; those that are not for us are stepped over, and of
     * two with the same {@code kid} the first counts. Throws IllegalArgumentException.
     */
    static Map<String, Key> parse(byte[] document) {
        if (!(Json.object(document).get("keys") instanceof List<?> keys) || keys.size() > MOST_KEYS) {
            throw new IllegalArgumentException("not a JWK Set of at most 100 keys");
        }
        Map<String, Key> found = new HashMap<>();
        for (Object one : keys) {
            if (one instanceof Map<?, ?> members) {
                add(found, members);
            }
        }
        if (found.isEmpty()) {
            throw new IllegalArgumentException("a JWK Set without a single usable key");
        }
        return found;
    }

    private static void add(Map<String, Key> found, Map<?, ?> members) {
        String algorithm = algorithm(members);
        boolean ours = algorithm != null
                && PRIVATE.stream().noneMatch(members::containsKey)
                && (!members.containsKey("alg") || algorithm.equals(members.get("alg")))
                && (!members.containsKey("use") || "sig".equals(members.get("use")))
                && (!members.containsKey("key_ops")
                        || members.get("key_ops") instanceof List<?> ops && ops.contains("verify"));
        if (!ours) {
            return;
        }
        Map<String, Object> material = new HashMap<>();
        MATERIAL.get(algorithm).forEach(name -> material.put(name, members.get(name)));
        try {
            for (String name : List.of("x", "y", "n", "e")) {
                if (material.containsKey(name)) {
                    decode((String) material.get(name));
                }
            }
            JWK jwk = JWK.parse(material);
            Object kid = members.containsKey("kid") ? members.get("kid") : jwk.computeThumbprint().toString();
            if (kid instanceof String name) {
                found.putIfAbsent(name, new Key(algorithm, check(jwk)));
            }
        } catch (ParseException | JOSEException | GeneralSecurityException | RuntimeException e) {
            // Not a key of its kind: it is stepped over like one of another kind.
            return;
        }
    }

    private static String algorithm(Map<?, ?> members) {
        Object kty = members.get("kty");
        Object crv = members.get("crv");
        if ("RSA".equals(kty)) {
            return "RS256";
        }
        if ("EC".equals(kty) && "P-256".equals(crv)) {
            return "ES256";
        }
        return "OKP".equals(kty) && "Ed25519".equals(crv) ? "EdDSA" : null;
    }

    private static Check check(JWK jwk) throws JOSEException, GeneralSecurityException {
        if (jwk instanceof OctetKeyPair pair) {
            byte[] x = pair.getDecodedX();
            byte[] encoded = java.util.Arrays.copyOf(ED25519, ED25519.length + 32);
            if (x.length != 32) {
                throw new GeneralSecurityException("not 32 bytes");
            }
            System.arraycopy(x, 0, encoded, ED25519.length, 32);
            PublicKey key = KeyFactory.getInstance("Ed25519").generatePublic(new X509EncodedKeySpec(encoded));
            return token -> {
                Signature signature = Signature.getInstance("Ed25519");
                signature.initVerify(key);
                signature.update(token.getSigningInput());
                return signature.verify(token.getSignature().decode());
            };
        }
        if (jwk instanceof RSAKey rsa && (rsa.size() < 2048 || rsa.size() > 8192)) {
            throw new GeneralSecurityException("an RSA key of " + rsa.size() + " bits");
        }
        JWSVerifier verifier = jwk instanceof ECKey ec ? new ECDSAVerifier(ec) : new RSASSAVerifier((RSAKey) jwk);
        return token -> token.verify(verifier);
    }
}
