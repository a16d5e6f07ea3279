package interop;

import interop.Standard.Answer;
import interop.World.Login;
import java.util.Map;
import org.apache.oltu.oauth2.client.OAuthClient;
import org.apache.oltu.oauth2.client.URLConnectionClient;
import org.apache.oltu.oauth2.client.request.OAuthClientRequest;
import org.apache.oltu.oauth2.client.response.OAuthJSONAccessTokenResponse;
import org.apache.oltu.oauth2.common.exception.OAuthProblemException;
import org.apache.oltu.oauth2.common.message.types.GrantType;

/** Apache Oltu: retired, and still in many a product. */
final class OltuClient {
    // example
    // org.apache.oltu.oauth2:org.apache.oltu.oauth2.client
    static OAuthClientRequest.TokenRequestBuilder request(String endpoint, String id, String secret) {
        return OAuthClientRequest.tokenLocation(endpoint).setGrantType(GrantType.CLIENT_CREDENTIALS)
                .setClientId(id).setClientSecret(secret);
    }

    static OAuthJSONAccessTokenResponse token(OAuthClientRequest request) throws Exception {
        return new OAuthClient(new URLConnectionClient()).accessToken(request);
    } // token(request(…).buildBodyMessage()).getAccessToken()
    // end

    private static Answer fetch(World world, Login login, String method, Map<String, String> asked)
            throws Exception {
        var request = request(world.metadata.tokenEndpoint(), login.id(), login.secret());
        asked.forEach(request::setParameter);
        var answer = token(request.buildBodyMessage());
        return new Answer(answer.getAccessToken(), answer.getTokenType(), answer.getExpiresIn(), answer.getScope());
    }

    public static void main(String[] args) throws Exception {
        Standard standard = new Standard(OltuClient::fetch,
                error -> error instanceof OAuthProblemException own ? own.getError() : null);
        standard.methods(Standard.POST)
                .more("unsupported-grant", world -> standard.expectCode("unsupported_grant_type",
                        () -> token(request(world.metadata.tokenEndpoint(), world.login("plain").id(),
                                world.login("plain").secret()).setGrantType(GrantType.PASSWORD)
                                .setUsername("somebody").setPassword("something").buildBodyMessage())));
        Peer.run(args, OAuthClient.class, standard.table());
    }
}
