package hallpass.verifier;

import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * JSON without second readings: an object that names a member twice is refused, at every level (RFC
 * 7515 §4, RFC 7519 §4), since two readers could each believe a different one. Numbers are {@link
 * BigDecimal}, which remember how they were written.
 */
final class Json {
    private static final Pattern NUMBER = Pattern.compile("-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]{1,4})?");
    private static final int DEEPEST = 128;
    private static final int LONGEST_NUMBER = 64;
    private static final Object NULL = new Object();

    private final String text;
    private int at;

    private Json(String text) {
        this.text = text;
    }

    /** The members of an object. Throws IllegalArgumentException. */
    static Map<String, Object> object(byte[] bytes) {
        String text;
        try {
            text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException("not UTF-8");
        }
        Json json = new Json(text);
        Object value = json.value(DEEPEST);
        json.blanks();
        if (json.at != text.length() || !(value instanceof Map)) {
            throw json.bad("not an object");
        }
        @SuppressWarnings("unchecked")
        Map<String, Object> object = (Map<String, Object>) value;
        return object;
    }

    /** A whole number that is not negative, or -1. */
    static long whole(Object value, long most) {
        if (!(value instanceof BigDecimal number) || number.scale() != 0 || number.signum() < 0) {
            return -1;
        }
        return number.compareTo(BigDecimal.valueOf(most)) > 0 ? -1 : number.longValue();
    }

    private Object value(int deeper) {
        if (deeper == 0) {
            throw bad("nested too deeply");
        }
        blanks();
        return switch (peek()) {
            case '{' -> members(deeper - 1);
            case '[' -> items(deeper - 1);
            case '"' -> string();
            case 't' -> word("true", true);
            case 'f' -> word("false", false);
            case 'n' -> word("null", NULL);
            default -> number();
        };
    }

    private Map<String, Object> members(int deeper) {
        Map<String, Object> members = new LinkedHashMap<>();
        at++;
        blanks();
        if (peek() == '}') {
            at++;
            return members;
        }
        while (true) {
            blanks();
            String name = string();
            blanks();
            expect(':');
            if (members.put(name, value(deeper)) != null) {
                throw bad("a member appears twice");
            }
            blanks();
            if (peek() == '}') {
                at++;
                return members;
            }
            expect(',');
        }
    }

    private List<Object> items(int deeper) {
        List<Object> items = new ArrayList<>();
        at++;
        blanks();
        if (peek() == ']') {
            at++;
            return items;
        }
        while (true) {
            items.add(value(deeper));
            blanks();
            if (peek() == ']') {
                at++;
                return items;
            }
            expect(',');
        }
    }

    private String string() {
        expect('"');
        StringBuilder read = new StringBuilder();
        while (true) {
            char c = next();
            if (c == '"') {
                return read.toString();
            }
            if (c < ' ') {
                throw bad("a control character in a text");
            }
            read.append(c == '\\' ? escaped() : c);
        }
    }

    private char escaped() {
        char c = next();
        return switch (c) {
            case '"', '\\', '/' -> c;
            case 'b' -> '\b';
            case 'f' -> '\f';
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            case 'u' -> {
                int code = 0;
                for (int i = 0; i < 4; i++) {
                    int digit = Character.digit(next(), 16);
                    if (digit < 0) {
                        throw bad("a wrong escape");
                    }
                    code = code * 16 + digit;
                }
                yield (char) code;
            }
            default -> throw bad("a wrong escape");
        };
    }

    private BigDecimal number() {
        Matcher matcher = NUMBER.matcher(text).region(at, Math.min(text.length(), at + LONGEST_NUMBER));
        if (!matcher.lookingAt()) {
            throw bad("not a value");
        }
        at = matcher.end();
        return new BigDecimal(matcher.group());
    }

    private Object word(String word, Object value) {
        if (!text.startsWith(word, at)) {
            throw bad("not a value");
        }
        at += word.length();
        return value;
    }

    private void blanks() {
        while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
    }

    private char peek() {
        if (at >= text.length()) {
            throw bad("it ends too early");
        }
        return text.charAt(at);
    }

    private char next() {
        char c = peek();
        at++;
        return c;
    }

    private void expect(char wanted) {
        if (next() != wanted) {
            throw bad("expected " + wanted);
        }
    }

    private IllegalArgumentException bad(String why) {
        return new IllegalArgumentException("not JSON at " + at + ": " + why);
    }
}
