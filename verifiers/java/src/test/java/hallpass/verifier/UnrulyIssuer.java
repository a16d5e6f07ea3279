package hallpass.verifier;

import com.nimbusds.jose.jwk.JWK;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * An issuer on this machine whose feed says what a test wants it to say, to the byte: metadata, keys,
 * a snapshot, and one script per connection of the stream.
 */
final class UnrulyIssuer implements AutoCloseable {
    static final String METADATA = "/.well-known/oauth-authorization-server";
    static final String STREAM = "/revocations/stream?after=1";
    /** In a script: the connection ends here. Without it, it is held. */
    static final String END = "END";
    /** What a piece begins with that is sent for ever. */
    static final String DRIP = "DRIP";

    /** An answer in the place of the true one; a body longer than what comes is never ended. */
    record Lie(int status, Map<String, String> headers, String body, long length) {}

    final Queue<List<String>> streams = new ConcurrentLinkedQueue<>();
    final Map<String, Lie> lies = new ConcurrentHashMap<>();
    final Changes changes = new Changes();
    volatile String snapshot = snapshotOf(1, "");
    volatile String jwks;
    private final Map<String, Integer> asked = new ConcurrentHashMap<>();
    private final CountDownLatch ended = new CountDownLatch(1);
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final HttpServer server;

    UnrulyIssuer(JWK... keys) throws IOException {
        publish(keys);
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", this::answer);
        server.setExecutor(threads);
        server.start();
    }

    void publish(JWK... keys) {
        jwks = "{\"keys\":[" + String.join(",", List.of(keys).stream()
                .map(key -> key.toPublicJWK().toJSONString()).toList()) + "]}";
    }

    String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    @Override
    public void close() {
        ended.countDown();
        server.stop(0);
        threads.shutdownNow();
    }

    int count(String path) {
        return asked.getOrDefault(path, 0);
    }

    /** Whether it was asked for this so often within ten seconds. */
    boolean untilAsked(String path, int times) {
        return changes.until(() -> count(path) >= times, 10_000);
    }

    String metadata(String issuer, boolean feed) {
        return "{\"issuer\":\"" + issuer + "\",\"jwks_uri\":\"" + url() + "/jwks\""
                + (feed ? ",\"revocation_feed_uri\":\"" + url() + "/revocations\"" : "") + "}";
    }

    private void answer(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().toString();
        changes.make(() -> asked.merge(path, 1, Integer::sum));
        Lie lie = lies.get(path);
        try (exchange) {
            if (lie != null) {
                send(exchange, lie);
            } else if (path.startsWith("/revocations/stream")) {
                stream(exchange);
            } else {
                String body = switch (path) {
                    case METADATA -> metadata(url(), true);
                    case "/jwks" -> jwks;
                    case "/revocations" -> snapshot;
                    default -> "";
                };
                send(exchange, new Lie(body.isEmpty() ? 404 : 200, Map.of(), body, body.length()));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void send(HttpExchange exchange, Lie lie) throws IOException, InterruptedException {
        lie.headers().forEach(exchange.getResponseHeaders()::set);
        exchange.sendResponseHeaders(lie.status(), lie.length() == 0 ? -1 : lie.length());
        if (lie.length() > 0) {
            exchange.getResponseBody().write(Vectors.bytes(lie.body()));
            exchange.getResponseBody().flush();
        }
        if (lie.length() > lie.body().length()) {
            ended.await();
        }
    }

    private void stream(HttpExchange exchange) throws IOException, InterruptedException {
        List<String> script = streams.poll();
        exchange.getResponseHeaders().set("Content-Type", "text/event-stream; charset=utf-8");
        exchange.sendResponseHeaders(200, 0);
        OutputStream body = exchange.getResponseBody();
        for (String piece : script == null ? List.of(beat(1)) : script) {
            if (piece.equals(END)) {
                return;
            }
            boolean drips = piece.startsWith(DRIP);
            do {
                body.write(Vectors.bytes(drips ? piece.substring(DRIP.length()) : piece));
                body.flush();
            } while (drips && !ended.await(20, TimeUnit.MILLISECONDS));
        }
        ended.await();
    }

    static String snapshotOf(long seq, String entries) {
        return "{\"seq\":" + seq + ",\"as_of\":" + Clock.SYSTEM.unixS() + ",\"entries\":[" + entries + "]}";
    }

    static String beat(long seq) {
        return beat(seq, Clock.SYSTEM.unixS());
    }

    static String beat(long seq, Object asOf) {
        return "event: heartbeat\ndata: {\"seq\":" + seq + ",\"as_of\":" + asOf + "}\n\n";
    }

    static String entry(String kind, String of, long until) {
        return "\"" + kind + "\":\"" + Dead.handle(of) + "\",\"until\":" + until;
    }

    static String death(long seq, String entry) {
        return "event: revocation\ndata: {" + entry + ",\"seq\":" + seq + "}\n\n";
    }
}
