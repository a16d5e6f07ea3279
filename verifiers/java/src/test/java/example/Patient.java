package example;

import hallpass.verifier.GuardFilter;
import hallpass.verifier.Status;
import hallpass.verifier.Verifier;
import hallpass.verifier.WhenStale;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Locale;
import org.eclipse.jetty.ee10.servlet.FilterHolder;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;

/** A guarded API whose patience is told from outside, and that says how its verifier is doing. */
public class Patient extends HttpServlet {
    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
        var caller = GuardFilter.callerOf(request).require("books:read");
        response.getWriter().print("books of " + caller.organization() + "\n");
    }

    public static void main(String[] args) throws Exception {
        var env = System.getenv();
        var verifier = Verifier.builder(env.get("ISSUER"), "https://api.example.com")
                .maxStaleness(Duration.ofSeconds(Long.parseLong(env.getOrDefault("MAX_STALENESS_S", "3600"))))
                .whenStale(WhenStale.valueOf(env.getOrDefault("WHEN_STALE", "fail_closed").toUpperCase(Locale.ROOT)))
                .start();
        var context = new ServletContextHandler();
        var guard = new FilterHolder(new GuardFilter(verifier));
        context.addFilter(guard, "/v1/*", EnumSet.of(DispatcherType.REQUEST));
        context.addServlet(Patient.class, "/v1/books");
        context.addServlet(new ServletHolder(new HttpServlet() {
            @Override
            protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
                Status.Feed feed = verifier.status().feed();
                response.getWriter().print(
                        "{\"feed\":{\"blind\":" + feed.blind() + ",\"stale\":" + feed.stale() + "}}");
            }
        }), "/status");
        var server = new Server(Integer.parseInt(env.get("PORT")));
        server.setHandler(context);
        server.start();
    }
}
