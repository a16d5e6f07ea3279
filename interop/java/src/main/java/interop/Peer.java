package interop;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A peer's verdicts: one JSON line per case. */
final class Peer {
    private static final Pattern JAR = Pattern.compile("-(\\d[^/]*)\\.jar$");

    private Peer() {}

    @FunctionalInterface
    interface Case {
        void run(World world) throws Exception;
    }

    private static final class NotSupported extends RuntimeException {
        NotSupported(String why) {
            super(why);
        }
    }

    /** A case that this library cannot answer. */
    static Case notSupported(String why) {
        return world -> {
            throw new NotSupported(why);
        };
    }

    static void expect(boolean holds, String otherwise) {
        if (!holds) {
            throw new AssertionError(otherwise);
        }
    }

    static void expectEqual(String what, Object got, Object wanted) {
        expect(Objects.equals(got, wanted), what + " is " + got + ", not " + wanted);
    }

    /** Answers every case that the world asks for. `library` is a class of it. */
    static void run(String[] args, Class<?> library, Map<String, Case> cases) throws Exception {
        World world = World.read(args[0]);
        print(Map.of("version", version(library)));
        for (String name : world.cases) {
            if (cases.containsKey(name)) {
                print(verdict(world, name, cases.get(name)));
            }
        }
        // Some libraries keep threads.
        System.exit(0);
    }

    private static Map<String, String> verdict(World world, String name, Case act) {
        Map<String, String> line = new LinkedHashMap<>(Map.of("case", name, "verdict", "ok"));
        try {
            act.run(world);
        } catch (NotSupported why) {
            line.put("verdict", "not-supported");
            line.put("detail", why.getMessage());
        } catch (Throwable error) {
            line.put("verdict", "failed");
            line.put("detail", error.toString() + (error.getCause() == null ? "" : ": " + error.getCause()));
        }
        return line;
    }

    private static void print(Map<String, String> line) {
        System.out.println(World.json(line));
        System.out.flush();
    }

    /** What its jar's name says. */
    private static String version(Class<?> library) {
        String jar = library.getProtectionDomain().getCodeSource().getLocation().getPath();
        Matcher found = JAR.matcher(jar);
        return found.find() ? found.group(1) : "?";
    }
}
