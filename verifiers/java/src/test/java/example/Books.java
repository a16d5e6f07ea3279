package example;

import hallpass.verifier.GuardFilter;
import hallpass.verifier.Verifier;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.EnumSet;
import org.eclipse.jetty.ee10.servlet.FilterHolder;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.server.Server;

/** An API of servlets that only good tokens reach. */
public class Books extends HttpServlet {
    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
        response.getWriter().print("books of " + GuardFilter.callerOf(request).organization() + "\n");
    }

    public static void main(String[] args) throws Exception {
        var verifier = Verifier.builder(System.getenv("ISSUER"), "https://api.example.com").start();
        var context = new ServletContextHandler();
        var guard = new FilterHolder(new GuardFilter(verifier, "books:read"));
        context.addFilter(guard, "/v1/*", EnumSet.of(DispatcherType.REQUEST));
        context.addServlet(Books.class, "/v1/books");
        var server = new Server(Integer.parseInt(System.getenv("PORT")));
        server.setHandler(context);
        server.start();
    }
}
