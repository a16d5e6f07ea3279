package interop;

import com.google.gson.Gson;
import com.google.gson.annotations.SerializedName;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Where everything is, this peer's credentials, and the Books API as a plain caller sees it. It
 * must never use the library under test.
 */
final class World {
    static final Duration TIMEOUT = Duration.ofSeconds(5);
    private static final Gson GSON = new Gson();
    private static final HttpClient HTTP = HttpClient.newBuilder().connectTimeout(TIMEOUT).build();

    record Login(
            @SerializedName("client_id") String id,
            @SerializedName("client_secret") String secret) {}

    record Api(String audience, String algorithm, List<String> scopes) {}

    record Metadata(
            @SerializedName("token_endpoint") String tokenEndpoint,
            @SerializedName("revocation_endpoint") String revocationEndpoint,
            @SerializedName("introspection_endpoint") String introspectionEndpoint,
            @SerializedName("jwks_uri") String jwksUri) {}

    String issuer;
    Metadata metadata;
    @SerializedName("api_url") String apiUrl;
    Api api;
    @SerializedName("other_api") Api otherApi;
    @SerializedName("short_api") Api shortApi;
    @SerializedName("legacy_api") Api legacyApi;
    List<Api> apis;
    @SerializedName("revoked_within_s") double revokedWithinS;
    Map<String, Login> credentials;
    @SerializedName("revoke_command") List<String> revokeCommand;
    List<String> cases;
    @SerializedName("expired_token") String expiredToken;
    @SerializedName("ready_file") String readyFile;
    @SerializedName("rotated_file") String rotatedFile;

    static World read(String file) throws IOException {
        return GSON.fromJson(Files.readString(Path.of(file)), World.class);
    }

    Login login(String name) {
        return credentials.get(name);
    }

    /** A secret of the right form that is not the credential's. */
    Login wrongLogin() {
        return new Login(login("plain").id(), login("several").secret());
    }

    Api apiOf(String algorithm) {
        return apis.stream().filter(api -> api.algorithm().equals(algorithm)).findFirst().orElseThrow();
    }

    /** A token's payload, unverified. */
    static Map<String, Object> claims(String token) {
        return part(token, 1);
    }

    /** A token's header, unverified. */
    static Map<String, Object> header(String token) {
        return part(token, 0);
    }

    private static Map<String, Object> part(String token, int at) {
        byte[] text = Base64.getUrlDecoder().decode(token.split("\\.")[at]);
        return object(new String(text, StandardCharsets.UTF_8));
    }

    @SuppressWarnings("unchecked")
    static Map<String, Object> object(String text) {
        return GSON.fromJson(text, Map.class);
    }

    static String json(Object value) {
        return GSON.toJson(value);
    }

    static String get(String url) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(URI.create(url)).timeout(TIMEOUT).build();
        return HTTP.send(request, HttpResponse.BodyHandlers.ofString()).body();
    }

    private static String post(String url, Map<String, String> form)
            throws IOException, InterruptedException {
        String body = form.entrySet().stream()
                .map(field -> field.getKey() + "=" + encoded(field.getValue()))
                .collect(Collectors.joining("&"));
        HttpRequest request = HttpRequest.newBuilder(URI.create(url)).timeout(TIMEOUT)
                .header("Content-Type", "application/x-www-form-urlencoded")
                .POST(HttpRequest.BodyPublishers.ofString(body)).build();
        return HTTP.send(request, HttpResponse.BodyHandlers.ofString()).body();
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    /** How the Books API answers a call with this token, or without one. */
    int apiStatus(String token) throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(apiUrl)).timeout(TIMEOUT);
        if (token != null) {
            request.header("Authorization", "Bearer " + token);
        }
        return HTTP.send(request.build(), HttpResponse.BodyHandlers.discarding()).statusCode();
    }

    /** Ends the credential `doomed`, and returns once that is acknowledged. */
    void revokeCredential() throws IOException, InterruptedException {
        Process process = new ProcessBuilder(revokeCommand)
                .redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
        Peer.expectEqual("the command's exit code", process.waitFor(), 0);
    }

    /** Ends a token early, behind the library's back (RFC 7009). */
    void kill(String token, Login login) throws IOException, InterruptedException {
        post(metadata.revocationEndpoint(), Map.of("token", token, "client_id", login.id(),
                "client_secret", login.secret()));
        refusedInTime(token);
    }

    /** Waits until the API refuses the token, and fails if that takes too long. */
    void refusedInTime(String token) throws IOException, InterruptedException {
        long since = System.nanoTime();
        for (int status; (status = apiStatus(token)) != 401; ) {
            double took = (System.nanoTime() - since) / 1e9;
            Peer.expect(took < revokedWithinS, "the API still answers " + status + " after " + took);
        }
    }

    /** A token without any library, for those that only verify. */
    String plainToken(String audience) throws IOException, InterruptedException {
        Login login = login("several");
        String answer = post(metadata.tokenEndpoint(), Map.of("grant_type", "client_credentials",
                "client_id", login.id(), "client_secret", login.secret(), "audience", audience));
        return (String) object(answer).get("access_token");
    }
}
