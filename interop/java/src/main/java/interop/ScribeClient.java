package interop;

import com.github.scribejava.core.builder.ServiceBuilder;
import com.github.scribejava.core.builder.api.DefaultApi20;
import com.github.scribejava.core.model.OAuth2AccessToken;
import com.github.scribejava.core.model.OAuth2AccessTokenErrorResponse;
import com.github.scribejava.core.model.OAuthRequest;
import com.github.scribejava.core.model.Response;
import com.github.scribejava.core.model.Verb;
import com.github.scribejava.core.oauth.OAuth20Service;
import com.github.scribejava.core.oauth2.clientauthentication.ClientAuthentication;
import com.github.scribejava.core.oauth2.clientauthentication.HttpBasicAuthenticationScheme;
import com.github.scribejava.core.oauth2.clientauthentication.RequestBodyAuthenticationScheme;
import interop.Standard.Answer;
import interop.World.Login;
import java.util.Map;

/** ScribeJava: small, and in much of Android. */
final class ScribeClient {
    // example
    // com.github.scribejava:scribejava-core
    record Hallpass(String endpoint, ClientAuthentication way) {
        OAuth20Service service(String id, String secret) {
            return new ServiceBuilder(id).apiSecret(secret).build(new DefaultApi20() {
                @Override public String getAccessTokenEndpoint() { return endpoint; }
                @Override protected String getAuthorizationBaseUrl() { return null; }
                @Override public ClientAuthentication getClientAuthentication() { return way; }
            }); // service.getAccessTokenClientCredentialsGrant(), service.signRequest(token, request)
        }
    }
    // end

    private static OAuth20Service service(World world, Login login, String method) {
        ClientAuthentication way = method.equals(Standard.BASIC)
                ? HttpBasicAuthenticationScheme.instance() : RequestBodyAuthenticationScheme.instance();
        return new Hallpass(world.metadata.tokenEndpoint(), way).service(login.id(), login.secret());
    }

    private static Answer fetch(World world, Login login, String method, Map<String, String> asked)
            throws Exception {
        OAuth20Service service = service(world, login, method);
        OAuth2AccessToken token = asked.containsKey("scope")
                ? service.getAccessTokenClientCredentialsGrant(asked.get("scope"))
                : service.getAccessTokenClientCredentialsGrant();
        return new Answer(token.getAccessToken(), token.getTokenType(),
                token.getExpiresIn().longValue(), token.getScope());
    }

    private static void call(World world) throws Exception {
        OAuth20Service service = service(world, world.login("plain"), Standard.BASIC);
        OAuthRequest request = new OAuthRequest(Verb.GET, world.apiUrl);
        service.signRequest(service.getAccessTokenClientCredentialsGrant(), request);
        try (Response answer = service.execute(request)) {
            Peer.expectEqual("status", answer.getCode(), 200);
        }
        Peer.expectEqual("status without token", world.apiStatus(null), 401);
    }

    private static String code(Throwable error) {
        return error instanceof OAuth2AccessTokenErrorResponse own ? own.getError().getErrorString() : null;
    }

    public static void main(String[] args) throws Exception {
        Standard standard = new Standard(ScribeClient::fetch, ScribeClient::code);
        standard.more("call", ScribeClient::call)
                .cannot("of this grant it sends no parameters but the scope",
                        "audience", "resource", "unknown-audience")
                .more("unsupported-grant", world -> standard.expectCode("unsupported_grant_type",
                        () -> service(world, world.login("plain"), Standard.BASIC)
                                .getAccessTokenPasswordGrant("somebody", "something")))
                .more("revoke-token", world -> Peer.notSupported("its helper wants a grant of a user").run(world));
        Peer.run(args, OAuth20Service.class, standard.table());
    }
}
