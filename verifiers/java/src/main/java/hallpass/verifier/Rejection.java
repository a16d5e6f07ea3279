package hallpass.verifier;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Why a request is refused (RFC 6750 §3.1), and how that looks over HTTP. The message is for the
 * log; what the caller is told never repeats anything that the caller sent.
 */
public final class Rejection extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private static final String RETRY_AFTER_S = "5";

    static final Map<String, String> DESCRIPTIONS =
            Map.ofEntries(
                    Map.entry("no_token", "Send an access token: Authorization: Bearer"),
                    Map.entry(
                            "other_scheme",
                            "Send an access token with the scheme Bearer; the token endpoint gives one for client id"
                                    + " and secret"),
                    Map.entry("invalid_request", "The Authorization header is malformed"),
                    Map.entry("malformed", "The access token is malformed"),
                    Map.entry("wrong_type", "This is not an access token"),
                    Map.entry("wrong_algorithm", "The signing algorithm is not accepted"),
                    Map.entry("unknown_key", "The signing key is unknown"),
                    Map.entry("bad_signature", "The signature is wrong"),
                    Map.entry("bad_claim", "A claim is missing or has the wrong type"),
                    Map.entry("wrong_issuer", "The access token is from another issuer"),
                    Map.entry("wrong_audience", "The access token is for another API"),
                    Map.entry("expired", "The access token has expired"),
                    Map.entry(
                            "not_yet_valid",
                            "The access token is not valid yet; do the clocks of its issuer and of this API agree?"),
                    Map.entry("bound", "The access token is bound to a key and is no Bearer token"),
                    Map.entry("revoked", "The access token has been revoked"),
                    Map.entry("insufficient_scope", "The access token lacks a required scope"),
                    Map.entry("unavailable", "Access tokens cannot be verified right now"));

    private final String reason;
    private String realm = "";
    private String scope = "";

    Rejection(String reason, String detail) {
        // Without a stack: strangers bring these about as often as they like.
        super(reason + ": " + printable(detail), null, false, false);
        this.reason = reason;
    }

    /** Itself, as the refusal of an API that asks for these scopes. */
    Rejection at(String realm, List<String> scopes) {
        this.realm = realm;
        if (scope.isEmpty()) {
            scope = String.join(" ", scopes);
        }
        return this;
    }

    /** A short stable word, the same in all languages. */
    public String reason() {
        return reason;
    }

    /** The HTTP status. */
    public int status() {
        return switch (reason) {
            case "unavailable" -> 503;
            case "invalid_request" -> 400;
            case "insufficient_scope" -> 403;
            default -> 401;
        };
    }

    /** The error code. Null when no token came (RFC 6750 §3), or when the trouble is ours. */
    public String error() {
        if (Set.of("no_token", "other_scheme", "unavailable").contains(reason)) {
            return null;
        }
        return status() == 401 ? "invalid_token" : reason;
    }

    /** A sentence for the caller. */
    public String description() {
        return DESCRIPTIONS.get(reason);
    }

    /** The value of {@code WWW-Authenticate}. Characters that do not fit are left out. */
    public String challenge() {
        Map<String, String> params = new LinkedHashMap<>();
        params.put("realm", realm);
        if (error() != null) {
            params.put("error", error());
            params.put("error_description", description());
        }
        if (!scope.isEmpty()) {
            params.put("scope", scope);
        }
        return "Bearer "
                + params.entrySet().stream()
                        .map(one -> one.getKey() + "=\"" + one.getValue().replaceAll("[^ !#-\\[\\]-~]", "") + "\"")
                        .collect(Collectors.joining(", "));
    }

    /** The headers of the answer. */
    public Map<String, String> headers() {
        Map<String, String> headers = new LinkedHashMap<>();
        headers.put("Content-Type", "application/json");
        headers.put("Cache-Control", "no-store");
        if (status() == 503) {
            headers.put("Retry-After", RETRY_AFTER_S);
        } else {
            headers.put("WWW-Authenticate", challenge());
        }
        return headers;
    }

    /** JSON, and never empty: popular clients fail on an empty one. */
    public String body() {
        String ours = status() == 503 ? "temporarily_unavailable" : "missing_token";
        String told = error() == null ? ours : error();
        // Neither text has a character that JSON escapes.
        return "{\"error\":\"" + told + "\",\"error_description\":\"" + description() + "\"}";
    }

    private static String printable(String detail) {
        return detail.substring(0, Math.min(detail.length(), 400)).replaceAll("[^ -~]", "?");
    }
}
