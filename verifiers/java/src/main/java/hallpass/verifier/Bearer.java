package hallpass.verifier;

import java.util.List;
import java.util.regex.Pattern;

/**
 * Reads the access token out of an {@code Authorization} header (RFC 6750 §2.1), and out of nothing
 * else (RFC 9700 §4.3.2).
 */
final class Bearer {
    private static final Pattern B64TOKEN = Pattern.compile("[A-Za-z0-9._~+/-]+=*");

    private Bearer() {}

    /** The token of the only header. Throws Rejection. */
    static String parse(List<String> values) {
        if (values.isEmpty()) {
            throw new Rejection("no_token", "");
        }
        if (values.size() > 1) {
            // Each of two readers could believe another one.
            throw new Rejection("invalid_request", "several Authorization headers");
        }
        String header = values.get(0);
        int blank = header.indexOf(' ');
        String scheme = blank < 0 ? header : header.substring(0, blank);
        if (scheme.isEmpty()) {
            throw new Rejection("invalid_request", "the Authorization header names no scheme");
        }
        if (!scheme.equalsIgnoreCase("bearer")) {
            throw new Rejection("other_scheme", "");
        }
        String token = header.substring(scheme.length()).replaceFirst("^ +", "");
        if (!B64TOKEN.matcher(token).matches()) {
            throw new Rejection("invalid_request", "no b64token follows the scheme Bearer");
        }
        return token;
    }
}
