package hallpass.verifier;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Reads the feed's stream (Server-Sent Events, WHATWG HTML §9.2) as it arrives, in pieces of any size
 * and within bounds.
 */
final class SseReader {
    private static final int LONGEST_EVENT = 256 * 1024;
    private static final Set<String> NAMES = Set.of("revocation", "heartbeat", "reset");

    private final ByteArrayOutputStream line = new ByteArrayOutputStream();
    private final StringBuilder data = new StringBuilder();
    private String name = "";
    private boolean hasData;
    private boolean afterCr;
    private boolean pastFirstLine;

    /** The stream cannot be believed any further. */
    static final class Unreadable extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Unreadable(String why) {
            super(why);
        }
    }

    /** An event of the feed. The members of a revocation are its entry, which may not be understood. */
    record Event(String name, long seq, Map<String, Object> members) {
        long asOfS() {
            return Json.whole(members.get("as_of"), Long.MAX_VALUE);
        }
    }

    /** Hands on the events that end in this piece. Throws Unreadable. */
    void push(byte[] piece, int length, Consumer<Event> take) {
        for (int i = 0; i < length; i++) {
            byte c = piece[i];
            boolean wasCr = afterCr;
            afterCr = c == '\r';
            if (c == '\n' && wasCr) {
                continue;
            }
            if (c == '\n' || c == '\r') {
                endLine(take);
                continue;
            }
            line.write(c);
            if (line.size() + data.length() > LONGEST_EVENT) {
                throw new Unreadable("an event is longer than 256 KiB");
            }
        }
    }

    private void endLine(Consumer<Event> take) {
        String ended = line.toString(StandardCharsets.UTF_8);
        line.reset();
        if (!pastFirstLine && ended.startsWith("\ufeff")) {
            ended = ended.substring(1);
        }
        pastFirstLine = true;
        if (ended.isEmpty()) {
            endEvent(take);
            return;
        }
        int colon = ended.indexOf(':');
        String field = colon < 0 ? ended : ended.substring(0, colon);
        String value = colon < 0 ? "" : ended.substring(colon + 1);
        value = value.startsWith(" ") ? value.substring(1) : value;
        if (field.equals("event")) {
            name = value;
        } else if (field.equals("data")) {
            data.append(hasData ? "\n" : "").append(value);
            hasData = true;
        }
    }

    private void endEvent(Consumer<Event> take) {
        String ended = name;
        String text = data.toString();
        boolean complete = hasData && NAMES.contains(ended);
        name = "";
        data.setLength(0);
        hasData = false;
        if (!complete) {
            return;
        }
        Map<String, Object> members;
        try {
            members = Json.object(text.getBytes(StandardCharsets.UTF_8));
        } catch (IllegalArgumentException e) {
            throw new Unreadable("malformed event: " + e.getMessage());
        }
        long seq = Json.whole(members.remove("seq"), Long.MAX_VALUE);
        Event event = new Event(ended, seq, members);
        if (seq < 0 || ended.equals("heartbeat") && event.asOfS() < 0) {
            throw new Unreadable("seq or as_of is not a whole number");
        }
        take.accept(event);
    }
}
