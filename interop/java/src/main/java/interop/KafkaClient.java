package interop;

import interop.Standard.Answer;
import interop.World.Login;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.security.auth.callback.Callback;
import javax.security.auth.login.AppConfigurationEntry;
import org.apache.kafka.common.security.oauthbearer.DefaultJwtRetriever;
import org.apache.kafka.common.security.oauthbearer.DefaultJwtValidator;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginCallbackHandler;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerToken;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerTokenCallback;

/** Kafka's clients, which log in to brokers by a token: SASL/OAUTHBEARER (KIP-768). */
final class KafkaClient {
    // example
    // sasl.mechanism=OAUTHBEARER
    // sasl.oauthbearer.token.endpoint.url=https://auth.example.com/oauth/token
    // sasl.login.callback.handler.class=…oauthbearer.OAuthBearerLoginCallbackHandler
    // sasl.jaas.config=…OAuthBearerLoginModule required clientId="…" clientSecret="…" scope="…";
    static OAuthBearerToken token(Map<String, ?> settings, Map<String, ?> jaas) throws Exception {
        var entry = new AppConfigurationEntry("OAuthBearerLoginModule",
                AppConfigurationEntry.LoginModuleControlFlag.REQUIRED, jaas);
        var handler = new OAuthBearerLoginCallbackHandler();
        handler.configure(settings, "OAUTHBEARER", List.of(entry)); // as the login does it
        var asked = new OAuthBearerTokenCallback();
        handler.handle(new Callback[] {asked});
        return asked.token();
    }
    // end

    /** Its errors quote the answer. */
    private static final Pattern CODE = Pattern.compile("\\b(invalid_\\w+)\\b");

    private static Answer fetch(World world, Login login, String method, Map<String, String> asked)
            throws Exception {
        String endpoint = world.metadata.tokenEndpoint();
        System.setProperty("org.apache.kafka.sasl.oauthbearer.allowed.urls", endpoint);
        Map<String, Object> settings = new HashMap<>(Map.of(
                "sasl.oauthbearer.token.endpoint.url", endpoint,
                "sasl.oauthbearer.jwt.retriever.class", DefaultJwtRetriever.class,
                "sasl.oauthbearer.jwt.validator.class", DefaultJwtValidator.class,
                "sasl.oauthbearer.scope.claim.name", "scope",
                "sasl.oauthbearer.sub.claim.name", "sub",
                "sasl.login.retry.backoff.ms", 100L,
                "sasl.login.retry.backoff.max.ms", 1000L,
                "sasl.oauthbearer.header.urlencode", true));
        Map<String, Object> jaas = new HashMap<>(Map.of("clientId", login.id(), "clientSecret", login.secret()));
        if (asked.containsKey("scope")) {
            jaas.put("scope", asked.get("scope"));
        }
        OAuthBearerToken token = token(settings, jaas);
        return new Answer(token.value(), null, (token.lifetimeMs() - token.startTimeMs()) / 1000, null);
    }

    private static String code(Throwable error) {
        Matcher found = CODE.matcher(String.valueOf(error.getMessage()));
        return found.find() ? found.group(1) : null;
    }

    public static void main(String[] args) throws Exception {
        Map<String, Peer.Case> table = new Standard(KafkaClient::fetch, KafkaClient::code)
                .methods(Standard.BASIC)
                .cannot("it sends no parameters but the scope", "audience", "resource", "unknown-audience")
                .table();
        Peer.run(args, OAuthBearerToken.class, table);
    }
}
