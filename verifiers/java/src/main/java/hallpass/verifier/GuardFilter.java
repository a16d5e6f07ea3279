package hallpass.verifier;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpFilter;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Collections;

/**
 * A servlet filter that lets only requests with a good token through; in Spring, a bean of a
 * {@code FilterRegistrationBean}. The servlet finds who called by {@link #callerOf}.
 */
public final class GuardFilter extends HttpFilter {
    private static final long serialVersionUID = 1L;
    private static final String CALLER = Caller.class.getName();

    private final transient Verifier verifier;
    private final String[] scopes;

    /** Guards with these scopes, which every request needs. */
    public GuardFilter(Verifier verifier, String... scopes) {
        this.verifier = verifier;
        this.scopes = scopes.clone();
    }

    /** Who called, behind this filter; null elsewhere. */
    public static Caller callerOf(HttpServletRequest request) {
        return (Caller) request.getAttribute(CALLER);
    }

    @Override
    protected void doFilter(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws IOException, ServletException {
        try {
            request.setAttribute(CALLER, verifier.check(Collections.list(request.getHeaders("Authorization")), scopes));
            chain.doFilter(request, response);
        } catch (Rejection rejection) {
            refuse(rejection, response);
        }
    }

    private static void refuse(Rejection rejection, HttpServletResponse response) throws IOException {
        response.resetBuffer();
        response.setStatus(rejection.status());
        rejection.headers().forEach(response::setHeader);
        response.getOutputStream().print(rejection.body());
    }
}
