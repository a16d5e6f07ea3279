package interop;

import static interop.Peer.expectEqual;

import com.nimbusds.oauth2.sdk.AuthorizationGrant;
import com.nimbusds.oauth2.sdk.ClientCredentialsGrant;
import com.nimbusds.oauth2.sdk.ErrorObject;
import com.nimbusds.oauth2.sdk.ResourceOwnerPasswordCredentialsGrant;
import com.nimbusds.oauth2.sdk.Scope;
import com.nimbusds.oauth2.sdk.TokenIntrospectionRequest;
import com.nimbusds.oauth2.sdk.TokenIntrospectionResponse;
import com.nimbusds.oauth2.sdk.TokenRequest;
import com.nimbusds.oauth2.sdk.TokenResponse;
import com.nimbusds.oauth2.sdk.TokenRevocationRequest;
import com.nimbusds.oauth2.sdk.as.AuthorizationServerMetadata;
import com.nimbusds.oauth2.sdk.auth.ClientAuthentication;
import com.nimbusds.oauth2.sdk.auth.ClientSecretBasic;
import com.nimbusds.oauth2.sdk.auth.ClientSecretPost;
import com.nimbusds.oauth2.sdk.auth.Secret;
import com.nimbusds.oauth2.sdk.http.HTTPRequest;
import com.nimbusds.oauth2.sdk.id.ClientID;
import com.nimbusds.oauth2.sdk.id.Issuer;
import com.nimbusds.oauth2.sdk.token.AccessToken;
import com.nimbusds.oauth2.sdk.token.BearerAccessToken;
import com.nimbusds.openid.connect.sdk.op.OIDCProviderMetadata;
import interop.Standard.Answer;
import interop.World.Login;
import java.net.URI;
import java.util.Map;

/** Nimbus OAuth 2.0 SDK: every message a class; under Spring Security too. */
final class NimbusClient {
    // example
    // com.nimbusds:oauth2-oidc-sdk
    static TokenResponse token(URI endpoint, String id, String secret) throws Exception {
        ClientAuthentication login = new ClientSecretBasic(new ClientID(id), new Secret(secret));
        TokenRequest request =
                new TokenRequest.Builder(endpoint, login, new ClientCredentialsGrant()).build();
        TokenResponse answer = TokenResponse.parse(request.toHTTPRequest().send());
        return answer; // answer.toSuccessResponse().getTokens().getAccessToken()
    }
    // end

    /** Its refusals are answers, not errors. */
    private static final class Refused extends Exception {
        final String code;

        Refused(ErrorObject error) {
            super(error.getDescription());
            code = error.getCode();
        }
    }

    private static ClientAuthentication way(Login login, String method) {
        ClientID id = new ClientID(login.id());
        Secret secret = new Secret(login.secret());
        return method.equals(Standard.BASIC) ? new ClientSecretBasic(id, secret) : new ClientSecretPost(id, secret);
    }

    private static AccessToken ask(World world, Login login, String method, AuthorizationGrant grant,
            Map<String, String> asked) throws Exception {
        URI endpoint = URI.create(world.metadata.tokenEndpoint());
        TokenRequest.Builder request = new TokenRequest.Builder(endpoint, way(login, method), grant);
        for (Map.Entry<String, String> field : asked.entrySet()) {
            switch (field.getKey()) {
                case "scope" -> request.scope(Scope.parse(field.getValue()));
                case "resource" -> request.resource(URI.create(field.getValue()));
                default -> request.customParameter(field.getKey(), field.getValue());
            }
        }
        HTTPRequest http = request.build().toHTTPRequest();
        http.setReadTimeout(5000);
        return read(TokenResponse.parse(http.send()));
    }

    private static AccessToken read(TokenResponse answer) throws Refused {
        if (!answer.indicatesSuccess()) {
            throw new Refused(answer.toErrorResponse().getErrorObject());
        }
        return answer.toSuccessResponse().getTokens().getAccessToken();
    }

    private static Answer fetch(World world, Login login, String method, Map<String, String> asked)
            throws Exception {
        AccessToken token = method.equals(Standard.BASIC) && asked.isEmpty()
                ? read(token(URI.create(world.metadata.tokenEndpoint()), login.id(), login.secret()))
                : ask(world, login, method, new ClientCredentialsGrant(), asked);
        return new Answer(token.getValue(), token.getType().getValue(), token.getLifetime(),
                token.getScope().toString());
    }

    private static void discover(World world) throws Exception {
        AuthorizationServerMetadata found = AuthorizationServerMetadata.resolve(new Issuer(world.issuer));
        expectEqual("token_endpoint", found.getTokenEndpointURI().toString(), world.metadata.tokenEndpoint());
    }

    private static void introspect(World world) throws Exception {
        String live = fetch(world, world.login("plain"), Standard.BASIC, Map.of()).token();
        URI endpoint = URI.create(world.metadata.introspectionEndpoint());
        for (String text : new String[] {live, "nonsense"}) {
            TokenIntrospectionRequest request = new TokenIntrospectionRequest(endpoint,
                    way(world.login("inspector"), Standard.BASIC), new BearerAccessToken(text));
            TokenIntrospectionResponse answer =
                    TokenIntrospectionResponse.parse(request.toHTTPRequest().send());
            expectEqual("active", answer.toSuccessResponse().isActive(), text.equals(live));
        }
    }

    private static void revoke(World world) throws Exception {
        String token = fetch(world, world.login("plain"), Standard.BASIC, Map.of()).token();
        URI endpoint = URI.create(world.metadata.revocationEndpoint());
        TokenRevocationRequest request = new TokenRevocationRequest(endpoint,
                way(world.login("plain"), Standard.BASIC), new BearerAccessToken(token));
        expectEqual("status", request.toHTTPRequest().send().getStatusCode(), 200);
        world.refusedInTime(token);
    }

    public static void main(String[] args) throws Exception {
        Standard standard = new Standard(NimbusClient::fetch,
                error -> error instanceof Refused own ? own.code : null);
        standard.more("discover-oauth", NimbusClient::discover)
                .more("discover-openid", world -> expectEqual("token_endpoint",
                        OIDCProviderMetadata.resolve(new Issuer(world.issuer)).getTokenEndpointURI().toString(),
                        world.metadata.tokenEndpoint()))
                .more("introspect", NimbusClient::introspect)
                .more("revoke-token", NimbusClient::revoke)
                .more("unsupported-grant", world -> standard.expectCode("unsupported_grant_type",
                        () -> ask(world, world.login("plain"), Standard.BASIC,
                                new ResourceOwnerPasswordCredentialsGrant("somebody", new Secret("something")),
                                Map.of())));
        Peer.run(args, TokenRequest.class, standard.table());
    }
}
