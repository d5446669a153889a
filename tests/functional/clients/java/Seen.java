import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import jakarta.json.JsonValue;
import java.util.LinkedHashMap;
import java.util.Map;

/** The last answer that the HTTP client of a client has seen: its status and its headers. */
final class Seen {
    private Integer status;
    private Map<String, String> headers = Map.of();

    /** An answer, whole: several may come at once. */
    synchronized void answer(int code, Headers its) {
        status = code;
        headers = its.joined;
    }

    synchronized void forget() {
        status = null;
        headers = Map.of();
    }

    /** The headers of one answer; a repeated one is joined to the others. */
    static final class Headers {
        private final Map<String, String> joined = new LinkedHashMap<>();

        void add(String name, String value) {
            joined.merge(name.toLowerCase(), value, (before, after) -> before + ", " + after);
        }
    }

    synchronized JsonValue status() {
        return status == null ? JsonValue.NULL : Json.createValue(status);
    }

    synchronized JsonObject headers() {
        JsonObjectBuilder all = Json.createObjectBuilder();
        headers.forEach(all::add);
        return all.build();
    }
}
