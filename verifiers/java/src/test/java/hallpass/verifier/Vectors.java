package hallpass.verifier;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** The vectors that bind the verifiers of all languages. */
final class Vectors {
    private Vectors() {}

    static Map<String, Object> read(String name) {
        try {
            return Json.object(Files.readAllBytes(Path.of("..", "..", "crates", "token", "vectors", name)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @SuppressWarnings("unchecked")
    static List<Map<String, Object>> objects(Map<String, Object> of, String name) {
        return (List<Map<String, Object>>) of.getOrDefault(name, List.of());
    }

    /** A text, or null for null. */
    static String text(Map<String, Object> of, String name) {
        return of.get(name) instanceof String text ? text : null;
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** JSON as it may be written again; enough for what the vectors hold. */
    static String json(Object value) {
        if (value instanceof Map<?, ?> map) {
            return "{" + String.join(",", map.entrySet().stream()
                    .map(one -> "\"" + one.getKey() + "\":" + json(one.getValue())).toList()) + "}";
        }
        if (value instanceof List<?> list) {
            return "[" + String.join(",", list.stream().map(Vectors::json).toList()) + "]";
        }
        return value instanceof String ? "\"" + value + "\"" : String.valueOf(value);
    }
}
