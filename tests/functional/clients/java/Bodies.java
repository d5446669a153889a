import java.util.List;

/** Queries and search bodies that the calls share. */
final class Bodies {
    static final String SET = "{\"match\":{\"name\":\"set\"}}";
    static final String GLASS = "{\"match\":{\"name\":\"glass\"}}";
    static final String HEARTS = """
        {"bool":{"should":[{"match":{"name":{"query":"heart","_name":"heart"}}},{"match":{"name":{"query":"hearts"}}}]}}""";
    static final String NONSENSE = "{\"query\":{\"nonsense\":{}}}";
    static final List<String> WORDS =
        List.of("set", "heart", "glass", "bag", "box", "pink", "white", "metal", "small", "cake");

    /** A search for all that a query finds, with further members of the body. */
    static String whole(String query, String further) {
        return "{\"query\":" + query + ",\"size\":100" + (further.isEmpty() ? "" : "," + further) + "}";
    }

    static String whole(String query) {
        return whole(query, "");
    }

    private Bodies() {}
}
