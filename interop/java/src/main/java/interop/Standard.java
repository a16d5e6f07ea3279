package interop;

import static interop.Peer.expect;
import static interop.Peer.expectEqual;
import static interop.Peer.notSupported;

import interop.Peer.Case;
import interop.World.Login;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * The cases of a client library, made of what the library does: how it fetches a token, what its
 * errors are, and, if it keeps tokens, its session. It must never fetch a token by itself where
 * the library is to be tested.
 */
final class Standard {
    static final String BASIC = "client_secret_basic";
    static final String POST = "client_secret_post";

    /** What a library tells of the answer; null for what it does not. */
    record Answer(String token, String type, Long expiresIn, String scope) {
        Answer(String token) {
            this(token, null, null, null);
        }
    }

    @FunctionalInterface
    interface Fetch {
        /** Fetches a token; `asked` has the scope and whatever else is sent. */
        Answer fetch(World world, Login login, String method, Map<String, String> asked)
                throws Exception;
    }

    /** What keeps a token: gives the one to send now. */
    @FunctionalInterface
    interface Session {
        String token() throws Exception;
    }

    @FunctionalInterface
    interface Open {
        Session open(World world, Login login) throws Exception;
    }

    private static final Map<String, String> REASONS = Map.ofEntries(
            Map.entry("discover-oauth", "it reads no metadata"),
            Map.entry("discover-openid", "it reads no metadata"),
            Map.entry("token-auto", "one says which way"),
            Map.entry("token-json", "it only sends forms"),
            Map.entry("token-empty-body", "it always sends grant_type"),
            Map.entry("token-http2", "its HTTP client speaks HTTP/1.1 only"),
            Map.entry("reuse", "it keeps no token"),
            Map.entry("renew", "it keeps no token"),
            Map.entry("unsupported-grant", "it names no grant but its own"),
            Map.entry("introspect", "it has no helper for introspection"),
            Map.entry("revoke-token", "it has no helper for revocation"));

    private final Fetch fetch;
    private final Function<Throwable, String> code;
    private List<String> methods = List.of(BASIC, POST);
    private Open session;
    private final Map<String, Case> more = new HashMap<>();

    /** `code` finds the error code in the library's own error, and null in others. */
    Standard(Fetch fetch, Function<Throwable, String> code) {
        this.fetch = fetch;
        this.code = code;
    }

    /** The ways in which it sends the secret, the usual one first. */
    Standard methods(String... ways) {
        methods = List.of(ways);
        return this;
    }

    Standard session(Open open) {
        session = open;
        return this;
    }

    /** A case beyond these, or instead of one of them. */
    Standard more(String name, Case act) {
        more.put(name, act);
        return this;
    }

    Standard cannot(String why, String... names) {
        for (String name : names) {
            more.put(name, notSupported(why));
        }
        return this;
    }

    Map<String, Case> table() {
        Map<String, Case> cases = new HashMap<>();
        REASONS.forEach((name, why) -> cases.put(name, notSupported(why)));
        cases.put("token-basic", token(BASIC, Map.of()));
        cases.put("token-post", token(POST, Map.of()));
        cases.put("scope-given", token(methods.get(0), Map.of("scope", "books:read")));
        cases.put("scope-omitted", token(methods.get(0), Map.of()));
        cases.put("audience", otherApi("audience"));
        cases.put("resource", otherApi("resource"));
        cases.put("imported-secret", this::imported);
        cases.put("wrong-secret-basic", unless(BASIC,
                world -> refused("invalid_client", world, world.wrongLogin(), BASIC, Map.of())));
        cases.put("wrong-secret-post", unless(POST,
                world -> refused("invalid_client", world, world.wrongLogin(), POST, Map.of())));
        cases.put("unknown-scope", asked("invalid_scope", "plain", Map.of("scope", "books:burn")));
        cases.put("unknown-audience",
                asked("invalid_target", "plain", Map.of("audience", "https://no.example.com")));
        cases.put("paused", asked("invalid_client", "paused", Map.of()));
        cases.put("call", this::call);
        cases.put("early-death", this::earlyDeath);
        cases.put("revoke-credential", this::revokeCredential);
        if (session != null) {
            cases.put("reuse", this::reuse);
        }
        cases.putAll(more);
        return cases;
    }

    private Case unless(String method, Case act) {
        if (methods.contains(method)) {
            return act;
        }
        String only = methods.get(0).equals(BASIC) ? "by Basic" : "in the body";
        return notSupported("it sends the secret " + only + " only");
    }

    private Case token(String method, Map<String, String> asked) {
        return unless(method, world -> good(world, fetch.fetch(world, world.login("plain"), method, asked),
                asked.get("scope")));
    }

    /** Checks a token answer: RFC 6749 §5.1, and 24 hours. */
    static void good(World world, Answer answer, String scope) {
        Map<String, Object> claims = World.claims(answer.token());
        // What a library does not tell, the token does.
        double told = ((double) claims.get("exp")) - ((double) claims.get("iat"));
        long expiresIn = answer.expiresIn() == null ? (long) told : answer.expiresIn();
        String granted = answer.scope() == null ? (String) claims.get("scope") : answer.scope();
        expect(answer.type() == null || answer.type().equalsIgnoreCase("bearer"),
                "token_type is " + answer.type());
        // Some count down by themselves.
        expect(expiresIn > 86_340 && expiresIn <= 86_400, "expires_in is " + expiresIn);
        expectEqual("scope", granted, scope == null ? String.join(" ", world.api.scopes()) : scope);
        expectEqual("aud", claims.get("aud"), world.api.audience());
    }

    private Case otherApi(String parameter) {
        return world -> {
            Map<String, String> asked = Map.of(parameter, world.otherApi.audience());
            Answer answer = fetch.fetch(world, world.login("several"), methods.get(0), asked);
            expectEqual("aud", World.claims(answer.token()).get("aud"), world.otherApi.audience());
        };
    }

    private Case asked(String wanted, String login, Map<String, String> asked) {
        return world -> refused(wanted, world, world.login(login), methods.get(0), asked);
    }

    private void refused(String wanted, World world, Login login, String method, Map<String, String> asked)
            throws Exception {
        expectCode(wanted, () -> fetch.fetch(world, login, method, asked));
    }

    @FunctionalInterface
    interface Act {
        void act() throws Exception;
    }

    /** Checks that `act` is refused by the library's own error, which may be a cause of another. */
    void expectCode(String wanted, Act act) throws Exception {
        try {
            act.act();
        } catch (Exception error) {
            for (Throwable own = error; own != null; own = own.getCause()) {
                if (code.apply(own) != null) {
                    expectEqual("error", code.apply(own), wanted);
                    return;
                }
            }
            throw error;
        }
        throw new AssertionError("no error, although " + wanted + " is due");
    }

    private void imported(World world) throws Exception {
        Login login = world.login("imported");
        for (String method : methods) {
            String token = fetch.fetch(world, login, method, Map.of()).token();
            expectEqual("sub (" + method + ")", World.claims(token).get("sub"), login.id());
        }
    }

    /** How the library has a token for each call. */
    private Session calling(World world, String name) throws Exception {
        if (session != null) {
            return session.open(world, world.login(name));
        }
        String token = fetch.fetch(world, world.login(name), methods.get(0), Map.of()).token();
        return () -> token;
    }

    private void call(World world) throws Exception {
        expectEqual("status", world.apiStatus(calling(world, "plain").token()), 200);
        expectEqual("status without token", world.apiStatus(null), 401);
    }

    private void earlyDeath(World world) throws Exception {
        String token = calling(world, "plain").token();
        expectEqual("status", world.apiStatus(token), 200);
        world.kill(token, world.login("plain"));
        String next = fetch.fetch(world, world.login("plain"), methods.get(0), Map.of()).token();
        expect(!next.equals(token), "the library gave the dead token again");
        expectEqual("status of the next token", world.apiStatus(next), 200);
    }

    private void revokeCredential(World world) throws Exception {
        String token = calling(world, "doomed").token();
        expectEqual("status", world.apiStatus(token), 200);
        world.revokeCredential();
        world.refusedInTime(token);
        refused("invalid_client", world, world.login("doomed"), methods.get(0), Map.of());
    }

    private void reuse(World world) throws Exception {
        Session kept = session.open(world, world.login("plain"));
        List<String> tokens = new ArrayList<>(List.of(kept.token(), kept.token()));
        expectEqual("the second token", tokens.get(1), tokens.get(0));
        expectEqual("status", world.apiStatus(tokens.get(0)), 200);
    }
}
