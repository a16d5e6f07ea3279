package interop;

import static interop.Peer.expectEqual;

import interop.Standard.Answer;
import interop.World.Login;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.auth.User;
import io.vertx.ext.auth.authentication.TokenCredentials;
import io.vertx.ext.auth.oauth2.OAuth2Auth;
import io.vertx.ext.auth.oauth2.OAuth2FlowType;
import io.vertx.ext.auth.oauth2.OAuth2Options;
import io.vertx.ext.auth.oauth2.Oauth2Credentials;
import io.vertx.ext.auth.oauth2.providers.OpenIDConnectAuth;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Vert.x's OAuth 2.0, under Quarkus too. */
final class VertxClient {
    // example
    // io.vertx:vertx-auth-oauth2
    static OAuth2Auth client(Vertx vertx, String issuer, String id, String secret) {
        return OAuth2Auth.create(vertx, new OAuth2Options().setSite(issuer).setTokenPath("/oauth/token")
                .setIntrospectionPath("/oauth/introspect").setRevocationPath("/oauth/revoke")
                .setClientId(id).setClientSecret(secret));
    }

    static Future<User> token(OAuth2Auth client, List<String> scopes) {
        var asked = new Oauth2Credentials().setFlow(OAuth2FlowType.CLIENT).setScopes(scopes);
        return client.authenticate(asked); // user.principal().getString("access_token")
    }
    // end

    private static final Vertx VERTX = Vertx.vertx();
    /** Its errors quote the answer. */
    private static final Pattern CODE = Pattern.compile("\\b(invalid_\\w+|unsupported_grant_type)\\b");

    private static <T> T await(Future<T> future) throws Exception {
        return future.toCompletionStage().toCompletableFuture().get(5, TimeUnit.SECONDS);
    }

    private static Answer fetch(World world, Login login, String method, Map<String, String> asked)
            throws Exception {
        OAuth2Auth client = client(VERTX, world.issuer, login.id(), login.secret());
        List<String> scopes = asked.containsKey("scope") ? List.of(asked.get("scope")) : List.of();
        JsonObject answer = await(token(client, scopes)).principal();
        return new Answer(answer.getString("access_token"), answer.getString("token_type"),
                answer.getLong("expires_in"), answer.getString("scope"));
    }

    private static String code(Throwable error) {
        Matcher found = CODE.matcher(String.valueOf(error.getMessage()));
        return found.find() ? found.group(1) : null;
    }

    private static void introspect(World world) throws Exception {
        Login inspector = world.login("inspector");
        OAuth2Auth client = client(VERTX, world.issuer, inspector.id(), inspector.secret());
        String live = fetch(world, world.login("plain"), Standard.BASIC, Map.of()).token();
        User user = await(client.authenticate(new TokenCredentials(live)));
        expectEqual("sub", user.subject(), world.login("plain").id());
        try {
            await(client.authenticate(new TokenCredentials("nonsense")));
        } catch (java.util.concurrent.ExecutionException inactive) {
            return;
        }
        throw new AssertionError("nonsense was taken for a token");
    }

    private static void revoke(World world) throws Exception {
        Login login = world.login("plain");
        OAuth2Auth client = client(VERTX, world.issuer, login.id(), login.secret());
        User user = await(token(client, List.of()));
        await(client.revoke(user));
        world.refusedInTime(user.principal().getString("access_token"));
    }

    public static void main(String[] args) throws Exception {
        Standard standard = new Standard(VertxClient::fetch, VertxClient::code);
        standard.methods(Standard.BASIC)
                .cannot("of this grant it sends no parameters but the scope",
                        "audience", "resource", "unknown-audience")
                .cannot("it looks for openid-configuration only", "discover-oauth")
                .more("discover-openid", world -> await(OpenIDConnectAuth.discover(VERTX,
                        new OAuth2Options().setSite(world.issuer).setClientId(world.login("plain").id())
                                .setClientSecret(world.login("plain").secret()))))
                .more("introspect", VertxClient::introspect)
                .more("revoke-token", VertxClient::revoke)
                .more("unsupported-grant", world -> standard.expectCode("unsupported_grant_type",
                        () -> await(client(VERTX, world.issuer, world.login("plain").id(),
                                world.login("plain").secret()).authenticate(
                                new Oauth2Credentials().setFlow(OAuth2FlowType.PASSWORD)
                                        .setUsername("somebody").setPassword("something")))));
        Peer.run(args, OAuth2Auth.class, standard.table());
    }
}
