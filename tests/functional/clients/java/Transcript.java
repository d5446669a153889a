import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import jakarta.json.JsonException;
import jakarta.json.JsonObjectBuilder;
import jakarta.json.JsonValue;
import java.io.StringReader;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionException;
import java.util.function.Function;

/** What became of each call: the answer, or the exception with its class and message; and the status and headers. */
final class Transcript {
    private final JsonArrayBuilder records = Json.createArrayBuilder();
    private final Seen seen;
    private final Function<Throwable, String> told;

    /** {@code told} gives what the client's own exceptions tell of the answer, as JSON, and null for others. */
    Transcript(Seen seen, Function<Throwable, String> told) {
        this.seen = seen;
        this.told = told;
    }

    /** Make a call that gives JSON. */
    void call(String name, Callable<String> call) {
        seen.forget();
        JsonObjectBuilder record = Json.createObjectBuilder().add("call", name);
        try {
            JsonValue result = parsed(call.call());
            record.add("result", result);
        } catch (Exception error) {
            Throwable cause = error instanceof CompletionException ? error.getCause() : error;
            record.add("error", cause.getClass().getSimpleName()).add("message", String.valueOf(cause.getMessage()));
            String answer = told.apply(cause);
            record.add("result", answer == null ? JsonValue.NULL : parsed(answer));
        }
        records.add(record.add("status", seen.status()).add("headers", seen.headers()));
    }

    static JsonValue parsed(String text) {
        return Json.createReader(new StringReader(text)).readValue();
    }

    /** An answer as it came: its body as JSON, and as a text where it is none. */
    static String raw(int status, String warnings, String body) {
        JsonObjectBuilder answer = Json.createObjectBuilder().add("status", status).add("warnings", warnings);
        try {
            answer.add("body", parsed(body));
        } catch (JsonException noJson) {
            answer.add("body", body);
        }
        return answer.build().toString();
    }

    @Override
    public String toString() {
        return records.build().toString();
    }
}
