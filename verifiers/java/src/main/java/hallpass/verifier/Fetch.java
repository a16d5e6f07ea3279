package hallpass.verifier;

import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Asks the issuer: {@code GET}, within bounds of time and size. It follows no redirect, and decides
 * nothing about what it has read.
 */
final class Fetch implements Closeable {
    private static final String USER_AGENT = "hallpass-verifier-java/0.1";

    private final HttpClient client;
    private final ScheduledThreadPoolExecutor deadlines;
    private final AtomicReference<Runnable> underWay = new AtomicReference<>(() -> {});
    private volatile boolean ended;

    /** Another status than was hoped for. */
    static final class StatusException extends IOException {
        private static final long serialVersionUID = 1L;
        final int status;

        StatusException(String of, int status) {
            super(of + "status " + status);
            this.status = status;
        }
    }

    /** A whole document, and the headers that came with it. */
    record Document(byte[] bytes, HttpHeaders headers) {}

    /** An answer in the course of arriving. */
    interface Take<T> {
        T take(HttpResponse<InputStream> answer, Deadline deadline) throws IOException;
    }

    /** When whatever is read is given up; it can be put off. */
    final class Deadline {
        private final Runnable giveUp;
        private ScheduledFuture<?> task;
        private boolean over;

        private Deadline(Runnable giveUp) {
            this.giveUp = giveUp;
        }

        synchronized void putOff(Duration by) {
            if (task != null) {
                task.cancel(false);
            }
            if (!over) {
                task = deadlines.schedule(giveUp, by.toMillis(), TimeUnit.MILLISECONDS);
            }
        }

        private synchronized void end() {
            over = true;
            task.cancel(false);
        }
    }

    /** One for each thread that asks. */
    Fetch(HttpClient client) {
        this.client = client != null ? client
                : HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1)
                        .followRedirects(HttpClient.Redirect.NEVER).build();
        if (this.client.followRedirects() != HttpClient.Redirect.NEVER) {
            throw new IllegalArgumentException("httpClient: it must not follow redirects");
        }
        deadlines = new ScheduledThreadPoolExecutor(1, work -> {
            Thread thread = new Thread(work, "hallpass-deadlines");
            thread.setDaemon(true);
            return thread;
        });
        deadlines.setRemoveOnCancelPolicy(true);
    }

    /** The URL, if whoever is on the way cannot put in keys of his own. */
    static URI checked(String url, boolean allowPlainHttp) {
        URI uri;
        try {
            uri = URI.create(url);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(url + " is not an absolute http or https URL");
        }
        boolean https = "https".equals(uri.getScheme());
        if (uri.getHost() == null || !https && !"http".equals(uri.getScheme())) {
            throw new IllegalArgumentException(url + " is not an absolute http or https URL");
        }
        if (uri.getRawFragment() != null || uri.getRawUserInfo() != null) {
            throw new IllegalArgumentException(url + " has a fragment or a login");
        }
        String host = uri.getHost();
        boolean loopback = host.matches("127\\.\\d+\\.\\d+\\.\\d+|\\[::1\\]|(.*\\.)?localhost");
        if (!https && !allowPlainHttp && !loopback) {
            throw new IllegalArgumentException(url + ": keys are fetched over https, except from this machine itself");
        }
        return uri;
    }

    /** Asks, and hands on the answer. */
    <T> T get(String url, Duration within, Map<String, String> headers, Take<T> take) throws IOException {
        if (ended) {
            throw new IOException("the verifier was closed");
        }
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url)).header("User-Agent", USER_AGENT);
        headers.forEach(request::header);
        CompletableFuture<HttpResponse<InputStream>> asked =
                client.sendAsync(request.build(), HttpResponse.BodyHandlers.ofInputStream());
        underWay.set(() -> asked.cancel(true));
        HttpResponse<InputStream> answer;
        try {
            answer = asked.get(within.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            asked.cancel(true);
            throw new IOException("no answer in time");
        } catch (ExecutionException | CompletionException | java.util.concurrent.CancellationException e) {
            throw new IOException(String.valueOf(e.getCause() == null ? e : e.getCause()));
        } catch (InterruptedException e) {
            asked.cancel(true);
            Thread.currentThread().interrupt();
            throw new IOException("interrupted");
        }
        Deadline deadline = new Deadline(() -> close(answer.body()));
        underWay.set(() -> close(answer.body()));
        try (InputStream body = answer.body()) {
            deadline.putOff(within);
            return take.take(answer, deadline);
        } finally {
            deadline.end();
        }
    }

    /** A whole JSON document of at most so many bytes. */
    Document document(String url, Duration within, int atMost) throws IOException {
        return get(url, within, Map.of("Accept", "application/json"), (answer, deadline) -> {
            if (answer.statusCode() != 200) {
                throw new StatusException("", answer.statusCode());
            }
            return new Document(whole(answer.body(), atMost), answer.headers());
        });
    }

    static byte[] whole(InputStream body, int atMost) throws IOException {
        ByteArrayOutputStream whole = new ByteArrayOutputStream();
        byte[] piece = new byte[16 * 1024];
        for (int n = body.read(piece); n >= 0; n = body.read(piece)) {
            whole.write(piece, 0, n);
            if (whole.size() > atMost) {
                throw new IOException("an answer of more than " + atMost + " bytes");
            }
        }
        return whole.toByteArray();
    }

    /** Ends what is under way, and asks nothing any more. */
    @Override
    public void close() {
        ended = true;
        underWay.get().run();
        deadlines.shutdownNow();
    }

    private static void close(InputStream body) {
        try {
            body.close();
        } catch (IOException e) {
            // It was given up, so it does not matter how it ended.
            return;
        }
    }
}
