import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import jakarta.json.JsonValue;
import java.util.LinkedHashMap;
import java.util.Map;

/** The last answer that the HTTP client of a client has seen: its status and its headers. */
final class Seen {
    private Integer status;
    private final Map<String, String> headers = new LinkedHashMap<>();

    /** An answer begins. */
    synchronized void answer(int code) {
        status = code;
        headers.clear();
    }

    /** One of its headers; a repeated one is joined to the others. */
    synchronized void header(String name, String value) {
        headers.merge(name.toLowerCase(), value, (before, after) -> before + ", " + after);
    }

    synchronized void forget() {
        status = null;
        headers.clear();
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
