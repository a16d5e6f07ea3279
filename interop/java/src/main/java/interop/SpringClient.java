package interop;

import static interop.Peer.expect;
import static interop.Peer.expectEqual;

import interop.Standard.Answer;
import interop.World.Login;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import org.springframework.security.oauth2.client.AuthorizedClientServiceOAuth2AuthorizedClientManager;
import org.springframework.security.oauth2.client.ClientCredentialsOAuth2AuthorizedClientProvider;
import org.springframework.security.oauth2.client.InMemoryOAuth2AuthorizedClientService;
import org.springframework.security.oauth2.client.OAuth2AuthorizeRequest;
import org.springframework.security.oauth2.client.endpoint.OAuth2ClientCredentialsGrantRequest;
import org.springframework.security.oauth2.client.endpoint.RestClientClientCredentialsTokenResponseClient;
import org.springframework.security.oauth2.client.registration.ClientRegistration;
import org.springframework.security.oauth2.client.registration.ClientRegistrations;
import org.springframework.security.oauth2.client.registration.InMemoryClientRegistrationRepository;
import org.springframework.security.oauth2.core.AuthorizationGrantType;
import org.springframework.security.oauth2.core.ClientAuthenticationMethod;
import org.springframework.security.oauth2.core.OAuth2AccessToken;
import org.springframework.security.oauth2.core.OAuth2AuthorizationException;
import org.springframework.security.oauth2.core.endpoint.OAuth2AccessTokenResponse;
import org.springframework.web.client.RestClientResponseException;

/** Spring Security's OAuth 2.0 client, as a service without users has it. */
final class SpringClient {
    // example
    // org.springframework.security:spring-security-oauth2-client; with Spring Boot the same by
    // spring.security.oauth2.client.registration.books.* and .provider.*
    static AuthorizedClientServiceOAuth2AuthorizedClientManager manager(ClientRegistration books) {
        var registrations = new InMemoryClientRegistrationRepository(books);
        var service = new InMemoryOAuth2AuthorizedClientService(registrations);
        return new AuthorizedClientServiceOAuth2AuthorizedClientManager(registrations, service);
    }

    /** Fetches, keeps and renews the token. */
    static String token(AuthorizedClientServiceOAuth2AuthorizedClientManager manager) {
        var request = OAuth2AuthorizeRequest.withClientRegistrationId("books").principal("service");
        return manager.authorize(request.build()).getAccessToken().getTokenValue();
    }
    // end

    private static ClientRegistration registration(World world, Login login, String method, String... scopes) {
        return ClientRegistration.withRegistrationId("books").clientId(login.id()).clientSecret(login.secret())
                .clientAuthenticationMethod(new ClientAuthenticationMethod(method))
                .authorizationGrantType(AuthorizationGrantType.CLIENT_CREDENTIALS)
                .scope(scopes).tokenUri(world.metadata.tokenEndpoint()).build();
    }

    private static Answer fetch(World world, Login login, String method, Map<String, String> asked) {
        String[] scopes = asked.containsKey("scope") ? new String[] {asked.get("scope")} : new String[0];
        var client = new RestClientClientCredentialsTokenResponseClient();
        client.setParametersCustomizer(parameters -> asked.forEach(parameters::set));
        OAuth2AccessTokenResponse answer = client.getTokenResponse(
                new OAuth2ClientCredentialsGrantRequest(registration(world, login, method, scopes)));
        OAuth2AccessToken token = answer.getAccessToken();
        long lives = Duration.between(token.getIssuedAt(), token.getExpiresAt()).toSeconds();
        // It has the scopes in an order of its own, or those that were asked for.
        return new Answer(token.getTokenValue(), token.getTokenType().getValue(), lives, null);
    }

    private static void discover(World world, String suffix) {
        ClientRegistration found = (suffix.equals("openid")
                ? ClientRegistrations.fromOidcIssuerLocation(world.issuer)
                : ClientRegistrations.fromIssuerLocation(world.issuer)).clientId("books")
                .authorizationGrantType(AuthorizationGrantType.CLIENT_CREDENTIALS).build();
        expectEqual("token_endpoint", found.getProviderDetails().getTokenUri(), world.metadata.tokenEndpoint());
    }

    /** Of a 400 its error has the code; of a 401 its cause has the answer. */
    private static String code(Throwable error) {
        if (!(error instanceof OAuth2AuthorizationException own)) {
            return null;
        }
        return own.getCause() instanceof RestClientResponseException answer
                ? (String) World.object(answer.getResponseBodyAsString()).get("error")
                : own.getError().getErrorCode();
    }

    private static void renew(World world) throws Exception {
        var manager = manager(registration(world, world.login("plain"), Standard.BASIC));
        var provider = new ClientCredentialsOAuth2AuthorizedClientProvider();
        manager.setAuthorizedClientProvider(provider);
        String first = token(manager);
        provider.setClock(Clock.offset(Clock.systemUTC(), Duration.ofHours(25)));
        String second = token(manager);
        expect(!second.equals(first), "an expired token was given");
        expectEqual("status", world.apiStatus(second), 200);
    }

    public static void main(String[] args) throws Exception {
        Standard standard = new Standard(SpringClient::fetch, SpringClient::code);
        standard.session((world, login) -> {
            var manager = manager(registration(world, login, Standard.BASIC));
            return () -> token(manager);
        });
        standard.more("discover-openid", world -> discover(world, "openid"))
                .more("discover-oauth", world -> discover(world, "oauth"))
                .more("renew", SpringClient::renew);
        Peer.run(args, ClientRegistration.class, standard.table());
    }
}
