package interop;

import com.google.api.client.auth.oauth2.BearerToken;
import com.google.api.client.auth.oauth2.ClientCredentialsTokenRequest;
import com.google.api.client.auth.oauth2.ClientParametersAuthentication;
import com.google.api.client.auth.oauth2.Credential;
import com.google.api.client.auth.oauth2.PasswordTokenRequest;
import com.google.api.client.auth.oauth2.TokenResponse;
import com.google.api.client.auth.oauth2.TokenResponseException;
import com.google.api.client.http.BasicAuthentication;
import com.google.api.client.http.GenericUrl;
import com.google.api.client.http.HttpExecuteInterceptor;
import com.google.api.client.http.HttpTransport;
import com.google.api.client.http.javanet.NetHttpTransport;
import com.google.api.client.json.gson.GsonFactory;
import interop.Standard.Answer;
import interop.World.Login;
import java.util.List;
import java.util.Map;

/** google-oauth-client, which is not for Google's servers only. */
final class GoogleClient {
    // example
    // com.google.oauth-client:google-oauth-client, com.google.http-client:google-http-client-gson
    static ClientCredentialsTokenRequest request(String endpoint, HttpExecuteInterceptor login) {
        HttpTransport transport = new NetHttpTransport();
        GenericUrl url = new GenericUrl(endpoint);
        return new ClientCredentialsTokenRequest(transport, GsonFactory.getDefaultInstance(), url)
                .setClientAuthentication(login); // new BasicAuthentication(id, secret)
    }

    static Credential credential(TokenResponse answer) { // an interceptor for the calls
        return new Credential(BearerToken.authorizationHeaderAccessMethod()).setFromTokenResponse(answer);
    }
    // end

    private static HttpExecuteInterceptor way(Login login, String method) {
        return method.equals(Standard.BASIC) ? new BasicAuthentication(login.id(), login.secret())
                : new ClientParametersAuthentication(login.id(), login.secret());
    }

    private static TokenResponse ask(World world, Login login, String method, Map<String, String> asked)
            throws Exception {
        var request = request(world.metadata.tokenEndpoint(), way(login, method));
        asked.forEach((name, value) -> {
            if (name.equals("scope")) {
                request.setScopes(List.of(value));
            } else {
                request.set(name, value);
            }
        });
        return request.execute();
    }

    private static Answer fetch(World world, Login login, String method, Map<String, String> asked)
            throws Exception {
        TokenResponse answer = ask(world, login, method, asked);
        return new Answer(answer.getAccessToken(), answer.getTokenType(), answer.getExpiresInSeconds(),
                answer.getScope());
    }

    private static void call(World world) throws Exception {
        Credential credential = credential(ask(world, world.login("plain"), Standard.BASIC, Map.of()));
        var answer = new NetHttpTransport().createRequestFactory(credential)
                .buildGetRequest(new GenericUrl(world.apiUrl)).execute();
        Peer.expectEqual("status", answer.getStatusCode(), 200);
        Peer.expectEqual("status without token", world.apiStatus(null), 401);
    }

    private static void password(World world) throws Exception {
        new PasswordTokenRequest(new NetHttpTransport(), GsonFactory.getDefaultInstance(),
                new GenericUrl(world.metadata.tokenEndpoint()), "somebody", "something")
                .setClientAuthentication(way(world.login("plain"), Standard.BASIC)).execute();
    }

    public static void main(String[] args) throws Exception {
        Standard standard = new Standard(GoogleClient::fetch,
                error -> error instanceof TokenResponseException own && own.getDetails() != null
                        ? own.getDetails().getError() : null);
        standard.methods(Standard.POST, Standard.BASIC)
                .more("call", GoogleClient::call)
                .cannot("of a 401 Java's HttpURLConnection has no body: its error has the status only",
                        "wrong-secret-basic")
                .more("unsupported-grant", world -> standard.expectCode("unsupported_grant_type",
                        () -> password(world)));
        Peer.run(args, ClientCredentialsTokenRequest.class, standard.table());
    }
}
