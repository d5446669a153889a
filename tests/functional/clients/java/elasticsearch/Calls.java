import co.elastic.clients.elasticsearch.ElasticsearchAsyncClient;
import co.elastic.clients.elasticsearch.ElasticsearchClient;
import co.elastic.clients.elasticsearch._types.ElasticsearchException;
import co.elastic.clients.elasticsearch._types.Time;
import co.elastic.clients.elasticsearch.core.ScrollResponse;
import co.elastic.clients.elasticsearch.core.SearchRequest;
import co.elastic.clients.elasticsearch.core.SearchResponse;
import co.elastic.clients.elasticsearch.core.search.Hit;
import co.elastic.clients.json.JsonpUtils;
import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** The calls of a shop's search through elasticsearch-java, which is the same in versions 8 and 9. */
final class Calls {
    private static final String SORTED = "\"sort\":[{\"popularity\":{\"order\":\"desc\"}},{\"sku\":{\"order\":\"asc\"}}]";
    private static final String AGGREGATIONS = """
        "aggregations":{"groups":{"terms":{"field":"group","size":5}},"popularity":{"stats":{"field":"popularity"}},
        "ranges":{"range":{"field":"popularity","ranges":[{"to":10},{"from":10}]},
        "aggregations":{"best":{"max":{"field":"popularity"}}}}}""";
    private static final String ID = "85123A";
    private static final Time MINUTE = Time.of(time -> time.time("1m"));

    private final String index;
    private final String run;
    private final Connection connection;
    private final Connection compressed;
    private final ElasticsearchClient client;
    final Transcript transcript;

    Calls(String url, String index, String run, Map<String, String> headers) {
        this.index = index;
        this.run = run;
        Seen seen = new Seen();
        transcript = new Transcript(
            seen, error -> error instanceof ElasticsearchException failed ? json(failed.response()) : null);
        connection = new Connection(url, headers, false, seen);
        compressed = new Connection(url, headers, true, seen);
        client = new ElasticsearchClient(connection.transport);
    }

    /** Searches; with a session every one of them can follow the visit. */
    void searches() {
        search("search", Bodies.whole(Bodies.SET));
        search("search sorted by score", Bodies.whole(Bodies.SET, "\"sort\":[\"_score\"]"));
        search("search with aggregations", Bodies.whole(Bodies.SET, AGGREGATIONS));
        search("search with highlights", Bodies.whole(Bodies.HEARTS, "\"highlight\":{\"fields\":{\"name\":{}}}"));
        search("search with fvh highlights",
            Bodies.whole(Bodies.HEARTS, "\"highlight\":{\"fields\":{\"name\":{\"type\":\"fvh\"}}}"));
        search("search with collapsed hits", Bodies.whole(Bodies.SET, "\"collapse\":{\"field\":\"group\"}"));
        search("search with filtered source", Bodies.whole(Bodies.SET, "\"_source\":{\"includes\":[\"na*\"]}"));
        search("search without source", Bodies.whole(Bodies.SET, "\"_source\":false,\"docvalue_fields\":[\"sku\"]"));
        search("search with a post filter",
            Bodies.whole(Bodies.SET, "\"post_filter\":{\"range\":{\"popularity\":{\"gte\":2}}}"));
        search("search with a suggestion",
            Bodies.whole(Bodies.SET, "\"suggest\":{\"spelt\":{\"text\":\"haert\",\"term\":{\"field\":\"name\"}}}"));
        search("search with versions", Bodies.whole(Bodies.SET, "\"version\":true,\"seq_no_primary_term\":true"));
        transcript.call("search q", () -> json(client.search(s -> s.index(index).q("name:set").size(100), Map.class)));
        transcript.call("search with a preference", () -> json(client.search(
            s -> s.index(index).preference("shopper").query(q -> q.match(m -> m.field("name").query("set"))).size(100),
            Map.class)));
        transcript.call("search with an opaque id", () -> json(client
            .withTransportOptions(options -> options.addHeader("X-Opaque-Id", "search-" + run))
            .search(request(Bodies.whole(Bodies.SET)), Map.class)));
        transcript.call("search in a gzipped request", () -> json(
            new ElasticsearchClient(compressed.transport).search(request(Bodies.whole(Bodies.SET)), Map.class)));
        transcript.call("search from and size, page by page", () -> {
            List<String> ids = new ArrayList<>();
            for (int from = 0; from < 50; from += 10) {
                ids.addAll(ids(client.search(
                    request("{\"query\":" + Bodies.GLASS + ",\"from\":" + from + ",\"size\":10}"), Map.class)));
            }
            return listed(ids);
        });
        transcript.call("msearch", () -> json(client.msearch(m -> m.index(index)
            .searches(item("{\"index\":\"" + index + "\"}", Bodies.whole(Bodies.SET)))
            .searches(item("{\"index\":\"no-such-index\"}", Bodies.whole(Bodies.SET)))
            .searches(item("{}", Bodies.whole(Bodies.GLASS, AGGREGATIONS)))
            .searches(item("{}", "{\"query\":" + Bodies.SET + ",\"from\":20000}")), Map.class)));
        transcript.call("twenty searches at once", () -> {
            ElasticsearchAsyncClient several = new ElasticsearchAsyncClient(connection.transport);
            List<CompletableFuture<SearchResponse<Map>>> waiting = new ArrayList<>();
            for (int number = 0; number < 20; number++) {
                String word = Bodies.WORDS.get(number % Bodies.WORDS.size());
                waiting.add(several.search(request(Bodies.whole("{\"match\":{\"name\":\"" + word + "\"}}")), Map.class));
            }
            JsonArrayBuilder found = Json.createArrayBuilder();
            for (CompletableFuture<SearchResponse<Map>> answer : waiting) {
                found.add(Transcript.parsed(listed(ids(answer.join()))));
            }
            return found.build().toString();
        });
        raw("search, filtered", "POST", "/_search?filter_path=hits.total,hits.hits._id", Bodies.whole(Bodies.SET));
        raw("search with the total as a number", "POST", "/_search?rest_total_hits_as_int=true", Bodies.whole(Bodies.SET));
    }

    /** All other reads: what they give is the engine's, whoever asks. */
    void reads() {
        transcript.call("info", () -> json(client.info()));
        transcript.call("ping", () -> String.valueOf(client.ping().value()));
        transcript.call("index exists", () -> String.valueOf(client.indices().exists(e -> e.index(index)).value()));
        transcript.call("missing index exists",
            () -> String.valueOf(client.indices().exists(e -> e.index("no-such-index")).value()));
        transcript.call("document exists", () -> String.valueOf(client.exists(e -> e.index(index).id(ID)).value()));
        transcript.call("get", () -> json(client.get(g -> g.index(index).id(ID), Map.class)));
        transcript.call("get with an odd id", () -> json(client.get(g -> g.index(index).id("a/b+c %ü"), Map.class)));
        transcript.call("get of a missing document", () -> json(client.get(g -> g.index(index).id("none"), Map.class)));
        transcript.call("get of a missing index",
            () -> json(client.get(g -> g.index("no-such-index").id(ID), Map.class)));
        transcript.call("mget", () -> json(client.mget(m -> m.index(index).ids(ID, "none", "71053"), Map.class)));
        search("search sorted by a field", Bodies.whole(Bodies.SET, SORTED));
        search("search for no hits", "{\"query\":" + Bodies.SET + ",\"size\":0," + AGGREGATIONS + "}");
        search("search with a broken query", Bodies.whole("{\"query_string\":{\"query\":\"name:(\"}}"));
        search("search beyond the result window", "{\"query\":" + Bodies.SET + ",\"from\":20000}");
        transcript.call("search of a missing index",
            () -> json(client.search(s -> s.index("no-such-index"), Map.class)));
        transcript.call("search of a missing index, allowed",
            () -> json(client.search(s -> s.index("no-such-index").ignoreUnavailable(true), Map.class)));
        transcript.call("search in a point in time", this::pointInTime);
        transcript.call("scroll", this::scrolled);
        transcript.call("scroll that is gone",
            () -> json(client.scroll(s -> s.scrollId("bm9uZQ==").scroll(MINUTE), Map.class)));
        transcript.call("count",
            () -> json(client.count(c -> c.index(index).query(q -> q.match(m -> m.field("name").query("set"))))));
        transcript.call("field_caps", () -> json(client.fieldCaps(f -> f.index(index).fields("na*", "group"))));
        transcript.call("validate", () -> json(client.indices().validateQuery(
            v -> v.index(index).explain(true).query(q -> q.match(m -> m.field("name").query("set"))))));
        transcript.call("explain", () -> json(client.explain(
            e -> e.index(index).id(ID).query(q -> q.match(m -> m.field("name").query("heart"))), Map.class)));
        transcript.call("termvectors", () -> json(client.termvectors(t -> t.index(index).id(ID).fields("name"))));
        transcript.call("mtermvectors", () -> json(client.mtermvectors(m -> m.index(index).ids(ID, "none"))));
        transcript.call("terms_enum", () -> json(client.termsEnum(t -> t.index(index).field("group").string("ba"))));
        transcript.call("async search", () -> json(client.asyncSearch().submit(a -> a.index(index), Map.class)));
        transcript.call("mapping", () -> json(client.indices().getMapping(m -> m.index(index))));
        transcript.call("alias", () -> json(client.indices().getAlias(a -> a.index(index))));
        transcript.call("health of an index", () -> json(client.cluster().health(h -> h.index(index))));
        raw("search template", "POST", "/_search/template",
            "{\"source\":\"{\\\"query\\\":{\\\"match\\\":{\\\"name\\\":\\\"{{w}}\\\"}}}\",\"params\":{\"w\":\"set\"}}");
        raw("search as YAML", "POST", "/_search?format=yaml", Bodies.whole(Bodies.SET));
        raw("search with a warning", "POST", "/_search?ignore_throttled=false&size=0", null,
            Map.of("X-Opaque-Id", "warned-" + run));
        raw("search with an error", "POST", "/_search", Bodies.NONSENSE, Map.of("X-Opaque-Id", "error-" + run));
        raw("search with an unknown parameter", "POST", "/_search?no_such=x", "{}");
        transcript.call("cat count as text",
            () -> connection.raw("GET", "/_cat/count/" + index + "?v=true&h=count", null, Map.of()));
    }

    /** What the allow-list refuses. */
    void writes() {
        transcript.call("create an index", () -> json(client.indices().create(c -> c.index(index))));
        transcript.call("index a document", () -> json(client.index(i -> i.index(index).id("1").document(Map.of("a", 1)))));
        transcript.call("bulk", () -> json(client.bulk(b -> b.index(index).operations(
            o -> o.index(i -> i.id("2").document(Map.of("a", 2)))))));
        transcript.call("delete by query",
            () -> json(client.deleteByQuery(d -> d.index(index).query(q -> q.matchAll(m -> m)))));
        transcript.call("delete a document", () -> json(client.delete(d -> d.index(index).id("1"))));
        transcript.call("delete the index", () -> json(client.indices().delete(d -> d.index(index))));
    }

    /** The addresses of the nodes, as a client that sniffs asks for them. */
    void sniffs() {
        transcript.call("sniffing", () -> connection.raw("GET", "/_nodes/http?timeout=1000ms", null, Map.of()));
    }

    private String pointInTime() throws Exception {
        String pit = client.openPointInTime(o -> o.index(index).keepAlive(MINUTE)).id();
        List<String> found = new ArrayList<>();
        String after = "";
        for (int round = 0; round < 4; round++) {
            String body = "{\"query\":" + Bodies.SET + ",\"size\":20," + SORTED + after + ",\"pit\":{\"id\":\"" + pit + "\"}}";
            SearchResponse<Map> answer =
                client.search(SearchRequest.of(s -> s.withJson(new StringReader(body))), Map.class);
            found.addAll(ids(answer));
            List<Hit<Map>> hits = answer.hits().hits();
            after = ",\"search_after\":" + sortOf(hits.get(hits.size() - 1));
        }
        return Json.createObjectBuilder().add("found", Transcript.parsed(listed(found)))
            .add("closed", client.closePointInTime(c -> c.id(pit)).succeeded()).build().toString();
    }

    /** Where a hit stands in its sort, as it came. */
    private String sortOf(Hit<Map> hit) {
        return Transcript.parsed(json(hit)).asJsonObject().get("sort").toString();
    }

    private String scrolled() throws Exception {
        List<String> found = new ArrayList<>();
        SearchResponse<Map> first = client.search(s -> s.index(index).scroll(MINUTE).size(20)
            .query(q -> q.match(m -> m.field("name").query("set"))), Map.class);
        found.addAll(ids(first));
        String id = first.scrollId();
        while (true) {
            String current = id;
            ScrollResponse<Map> next = client.scroll(s -> s.scrollId(current).scroll(MINUTE), Map.class);
            if (next.hits().hits().isEmpty()) {
                break;
            }
            next.hits().hits().forEach(hit -> found.add(hit.id()));
            id = next.scrollId();
        }
        String last = id;
        return Json.createObjectBuilder().add("found", Transcript.parsed(listed(found)))
            .add("closed", client.clearScroll(c -> c.scrollId(last)).succeeded()).build().toString();
    }

    private void search(String name, String body) {
        transcript.call(name, () -> json(client.search(request(body), Map.class)));
    }

    private void raw(String name, String method, String target, String body) {
        raw(name, method, target, body, Map.of());
    }

    private void raw(String name, String method, String target, String body, Map<String, String> headers) {
        transcript.call(name, () -> connection.raw(method, "/" + index + target, body, headers));
    }

    private SearchRequest request(String body) {
        return SearchRequest.of(s -> s.index(index).withJson(new StringReader(body)));
    }

    private co.elastic.clients.elasticsearch.core.msearch.RequestItem item(String header, String body) {
        return co.elastic.clients.elasticsearch.core.msearch.RequestItem.of(i -> i
            .header(h -> h.withJson(new StringReader(header))).body(b -> b.withJson(new StringReader(body))));
    }

    private static List<String> ids(SearchResponse<Map> answer) {
        return answer.hits().hits().stream().map(Hit::id).toList();
    }

    private static String listed(List<String> ids) {
        return Json.createObjectBuilder().add("ids", Json.createArrayBuilder(ids)).build().toString();
    }

    private String json(Object answer) {
        return JsonpUtils.toJsonString(answer, connection.mapper);
    }
}
