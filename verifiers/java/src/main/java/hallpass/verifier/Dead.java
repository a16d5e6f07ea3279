package hallpass.verifier;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/** What is known to be dead, and the entries that say so (docs/feed.md). No clock and no network. */
final class Dead {
    private static final long MOST_GENERATION = 4_294_967_295L;

    private final Map<Identity, Entry> entries = new ConcurrentHashMap<>();

    /** An entry of which this version cannot say what it kills. It is never applied in part. */
    static final class NotUnderstood extends Exception {
        private static final long serialVersionUID = 1L;

        NotUnderstood(String why) {
            super(why);
        }
    }

    private record Identity(String kind, String name) {}

    private record Entry(List<Long> generations, long before, long until) {}

    /** What stands for an identifier in the feed. */
    static String handle(String identifier) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(identifier.getBytes(StandardCharsets.UTF_8));
            return Base64.getUrlEncoder().withoutPadding().encodeToString(Arrays.copyOf(digest, 16));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    int size() {
        return entries.size();
    }

    /**
     * Takes over one entry; a later one of the same identity replaces the earlier one, even where it
     * kills less.
     */
    void apply(Object read) throws NotUnderstood {
        if (!(read instanceof Map<?, ?> members)) {
            throw new NotUnderstood("not an object");
        }
        List<String> kinds = Stream.of("h", "t", "k", "o").filter(members::containsKey).toList();
        if (kinds.size() != 1) {
            throw new NotUnderstood("of an unknown kind, or of more than one");
        }
        String kind = kinds.get(0);
        if (members.containsKey("gens") && !kind.equals("h") || members.containsKey("before") && !kind.equals("o")) {
            throw new NotUnderstood("a limit beside another subject");
        }
        if (!(members.get(kind) instanceof String name) || !kind.equals("k") && !isHandle(name)) {
            throw new NotUnderstood("a handle is none");
        }
        long before = members.containsKey("before") ? seconds(members.get("before")) : Long.MAX_VALUE;
        Entry entry = new Entry(generations(members), before, seconds(members.get("until")));
        entries.put(new Identity(kind, name), entry);
    }

    private static List<Long> generations(Map<?, ?> members) throws NotUnderstood {
        if (!members.containsKey("gens")) {
            return null;
        }
        if (!(members.get("gens") instanceof List<?> all)) {
            throw new NotUnderstood("gens is not an array");
        }
        List<Long> generations = new ArrayList<>();
        for (Object one : all) {
            long generation = Json.whole(one, MOST_GENERATION);
            if (generation < 0) {
                throw new NotUnderstood("gens has something else than small integers");
            }
            generations.add(generation);
        }
        return generations;
    }

    private static long seconds(Object value) throws NotUnderstood {
        long seconds = Json.whole(value, Long.MAX_VALUE);
        if (seconds < 0) {
            throw new NotUnderstood("a time is missing, or not a whole number of seconds");
        }
        return seconds;
    }

    private static boolean isHandle(String text) {
        try {
            return KeySet.decode(text).length == 16;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    /** Forgets what kills nothing any more. */
    void prune(long nowS) {
        entries.values().removeIf(entry -> nowS >= entry.until());
    }

    /** What killed the token, or null if it lives. */
    String verdict(Claims claims, long nowS) {
        Entry credential = live("h", handle(claims.clientId()), nowS);
        if (credential != null) {
            List<Long> generations = credential.generations();
            if (generations == null) {
                return "credential";
            }
            if (claims.generation() == null ? !generations.isEmpty() : generations.contains(claims.generation())) {
                return "generation";
            }
        }
        if (live("t", handle(claims.tokenId()), nowS) != null) {
            return "token";
        }
        if (claims.organization() != null) {
            Entry organization = live("o", handle(claims.organization()), nowS);
            if (organization != null && claims.issuedAt() < organization.before()) {
                return "organization";
            }
        }
        return live("k", claims.keyId(), nowS) == null ? null : "key";
    }

    private Entry live(String kind, String name, long nowS) {
        Entry entry = entries.get(new Identity(kind, name));
        return entry != null && nowS < entry.until() ? entry : null;
    }
}
