import jakarta.json.JsonObject;
import jakarta.json.JsonString;
import jakarta.json.JsonValue;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Make calls through an official client and print what became of each, as JSON.
 *
 * <p>Its argument is a JSON object: the {@code url} to ask, the {@code index} to search, {@code run}, a text that makes
 * ids of this run its own, {@code headers} that go with every call, and the {@code groups} of calls to make.
 */
final class Main {
    public static void main(String[] arguments) throws Exception {
        JsonObject config = Transcript.parsed(arguments[0]).asJsonObject();
        Map<String, String> headers = config.getJsonObject("headers").entrySet().stream()
            .collect(Collectors.toMap(Map.Entry::getKey, entry -> text(entry.getValue())));
        Calls calls = new Calls(config.getString("url"), config.getString("index"), config.getString("run"), headers);
        for (JsonValue group : config.getJsonArray("groups")) {
            switch (text(group)) {
                case "searches" -> calls.searches();
                case "reads" -> calls.reads();
                case "writes" -> calls.writes();
                case "sniffs" -> calls.sniffs();
                default -> throw new IllegalArgumentException("no group " + group);
            }
        }
        new PrintStream(System.out, true, StandardCharsets.UTF_8).print(calls.transcript);
        // Clients keep threads and connections, which would keep the process.
        System.exit(0);
    }

    private static String text(JsonValue value) {
        return ((JsonString) value).getString();
    }
}
