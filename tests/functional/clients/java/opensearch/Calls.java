import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import jakarta.json.stream.JsonGenerator;
import jakarta.json.stream.JsonParser;
import java.io.StringReader;
import java.io.StringWriter;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.HttpHost;
import org.apache.hc.core5.http.HttpResponseInterceptor;
import org.apache.hc.core5.http.message.BasicHeader;
import org.opensearch.client.json.JsonpDeserializer;
import org.opensearch.client.json.JsonpMapper;
import org.opensearch.client.json.JsonpSerializable;
import org.opensearch.client.json.jackson.JacksonJsonpMapper;
import org.opensearch.client.opensearch.OpenSearchAsyncClient;
import org.opensearch.client.opensearch.OpenSearchClient;
import org.opensearch.client.opensearch._types.OpenSearchException;
import org.opensearch.client.opensearch._types.Time;
import org.opensearch.client.opensearch.core.ScrollResponse;
import org.opensearch.client.opensearch.core.SearchRequest;
import org.opensearch.client.opensearch.core.SearchResponse;
import org.opensearch.client.opensearch.core.msearch.MultisearchBody;
import org.opensearch.client.opensearch.core.msearch.RequestItem;
import org.opensearch.client.opensearch.core.search.Hit;
import org.opensearch.client.opensearch.generic.Requests;
import org.opensearch.client.opensearch.generic.Response;
import org.opensearch.client.transport.OpenSearchTransport;
import org.opensearch.client.transport.httpclient5.ApacheHttpClient5Options;
import org.opensearch.client.transport.httpclient5.ApacheHttpClient5TransportBuilder;

/** The calls of a shop's search through opensearch-java. */
final class Calls {
    private static final String SORTED = "\"sort\":[{\"popularity\":{\"order\":\"desc\"}},{\"sku\":{\"order\":\"asc\"}}]";
    private static final String AGGREGATIONS = """
        "aggregations":{"groups":{"terms":{"field":"group","size":5}},"popularity":{"stats":{"field":"popularity"}},
        "best":{"max":{"field":"popularity"}}}""";
    private static final String ID = "85123A";
    private static final Time MINUTE = Time.of(time -> time.time("1m"));

    private final String index;
    private final String run;
    private final JsonpMapper mapper = new JacksonJsonpMapper();
    private final OpenSearchTransport transport;
    private final OpenSearchClient client;
    private final OpenSearchClient compressed;
    final Transcript transcript;

    Calls(String url, String index, String run, Map<String, String> headers) {
        this.index = index;
        this.run = run;
        Seen seen = new Seen();
        transcript = new Transcript(
            seen, error -> error instanceof OpenSearchException failed ? json(failed.response()) : null);
        transport = transport(url, headers, false, seen);
        client = new OpenSearchClient(transport);
        compressed = new OpenSearchClient(transport(url, headers, true, seen));
    }

    private OpenSearchTransport transport(String url, Map<String, String> headers, boolean compressed, Seen seen) {
        Header[] defaults = headers.entrySet().stream()
            .map(entry -> new BasicHeader(entry.getKey(), entry.getValue())).toArray(Header[]::new);
        HttpResponseInterceptor watch = (answer, entity, context) -> {
            Seen.Headers headersSeen = new Seen.Headers();
            for (Header header : answer.getHeaders()) {
                headersSeen.add(header.getName(), header.getValue());
            }
            seen.answer(answer.getCode(), headersSeen);
        };
        URI address = URI.create(url);
        return ApacheHttpClient5TransportBuilder
            .builder(new HttpHost(address.getScheme(), address.getHost(), address.getPort())).setDefaultHeaders(defaults)
            .setMapper(mapper).setCompressionEnabled(compressed)
            .setHttpClientConfigCallback(http -> http.addResponseInterceptorFirst(watch)).build();
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
        search("search without source", Bodies.whole(Bodies.SET, "\"_source\":false"));
        search("search with a post filter",
            Bodies.whole(Bodies.SET, "\"post_filter\":{\"range\":{\"popularity\":{\"gte\":2}}}"));
        search("search with versions", Bodies.whole(Bodies.SET, "\"version\":true,\"seq_no_primary_term\":true"));
        transcript.call("search q", () -> json(client.search(s -> s.index(index).q("name:set").size(100), Map.class)));
        transcript.call("search with an opaque id", 
            () -> json(named("search-" + run).search(request(Bodies.whole(Bodies.SET)), Map.class)));
        transcript.call("search in a gzipped request",
            () -> json(compressed.search(request(Bodies.whole(Bodies.SET)), Map.class)));
        transcript.call("search from and size, page by page", () -> {
            List<String> ids = new ArrayList<>();
            for (int from = 0; from < 50; from += 10) {
                ids.addAll(ids(client.search(
                    request("{\"query\":" + Bodies.GLASS + ",\"from\":" + from + ",\"size\":10}"), Map.class)));
            }
            return listed(ids);
        });
        transcript.call("msearch", () -> json(client.msearch(m -> m.index(index)
            .searches(item(index, Bodies.whole(Bodies.SET)))
            .searches(item("no-such-index", Bodies.whole(Bodies.SET)))
            .searches(item(index, Bodies.whole(Bodies.GLASS, AGGREGATIONS)))
            .searches(item(index, "{\"query\":" + Bodies.SET + ",\"from\":20000}")), Map.class)));
        transcript.call("twenty searches at once", () -> {
            OpenSearchAsyncClient several = new OpenSearchAsyncClient(transport);
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
        raw("search, filtered", "POST", "/_search", Map.of("filter_path", "hits.total,hits.hits._id"),
            Bodies.whole(Bodies.SET));
        raw("search with the total as a number", "POST", "/_search", Map.of("rest_total_hits_as_int", "true"),
            Bodies.whole(Bodies.SET));
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
        transcript.call("count", () -> json(client.count(
            c -> c.index(index).query(q -> q.queryString(s -> s.query("name:set"))))));
        transcript.call("field_caps", () -> json(client.fieldCaps(f -> f.index(index).fields("na*", "group"))));
        transcript.call("explain", () -> json(client.explain(
            e -> e.index(index).id(ID).query(q -> q.queryString(s -> s.query("name:heart"))), Map.class)));
        transcript.call("termvectors", () -> json(client.termvectors(t -> t.index(index).id(ID).fields("name"))));
        transcript.call("mtermvectors", () -> json(client.mtermvectors(m -> m.index(index).ids(ID, "none"))));
        transcript.call("mapping", () -> json(client.indices().getMapping(m -> m.index(index))));
        transcript.call("alias", () -> json(client.indices().getAlias(a -> a.index(index))));
        transcript.call("health of an index", () -> json(client.cluster().health(h -> h.index(index))));
        raw("search template", "POST", "/_search/template", Map.of(),
            "{\"source\":\"{\\\"query\\\":{\\\"match\\\":{\\\"name\\\":\\\"{{w}}\\\"}}}\",\"params\":{\"w\":\"set\"}}");
        raw("search as YAML", "POST", "/_search", Map.of("format", "yaml"), Bodies.whole(Bodies.SET));
        transcript.call("search with a warning", () -> raw("POST", "/" + index + "/_search", Map.of(),
            "{\"size\":0,\"indices_boost\":{\"" + index + "\":2}}", "warned-" + run));
        transcript.call("search with an error", () -> raw("POST", "/" + index + "/_search", Map.of(),
            Bodies.NONSENSE, "error-" + run));
        raw("search with an unknown parameter", "POST", "/_search", Map.of("no_such", "x"), "{}");
        transcript.call("cat count as text",
            () -> raw("GET", "/_cat/count/" + index, Map.of("v", "true", "h", "count"), null, null));
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
        transcript.call("sniffing", () -> raw("GET", "/_nodes/http", Map.of("timeout", "1000ms"), null, null));
    }

    private String pointInTime() throws Exception {
        String pit = client.createPit(p -> p.index(index).keepAlive(MINUTE)).pitId();
        List<String> found = new ArrayList<>();
        String after = "";
        for (int round = 0; round < 4; round++) {
            String body = "{\"query\":" + Bodies.SET + ",\"size\":20," + SORTED + after + ",\"pit\":{\"id\":\"" + pit + "\"}}";
            SearchResponse<Map> answer = client.search(read(SearchRequest._DESERIALIZER, body), Map.class);
            found.addAll(ids(answer));
            List<Hit<Map>> hits = answer.hits().hits();
            after = ",\"search_after\":" + sortOf(hits.get(hits.size() - 1));
        }
        boolean closed = client.deletePit(d -> d.pitId(pit)).pits().get(0).successful();
        return Json.createObjectBuilder().add("found", Transcript.parsed(listed(found))).add("closed", closed)
            .build().toString();
    }

    /** Where a hit stands in its sort, as it came. */
    private String sortOf(Hit<Map> hit) {
        return Transcript.parsed(json(hit)).asJsonObject().get("sort").toString();
    }

    private String scrolled() throws Exception {
        SearchResponse<Map> first =
            client.search(s -> s.index(index).scroll(MINUTE).size(20).q("name:set"), Map.class);
        List<String> found = new ArrayList<>(ids(first));
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

    private void raw(String name, String method, String target, Map<String, String> query, String body) {
        transcript.call(name, () -> raw(method, "/" + index + target, query, body, null));
    }

    /** Any request through the generic client; gives its status, warnings and body. */
    private String raw(String method, String path, Map<String, String> query, String body, String opaqueId)
        throws Exception {
        var request = Requests.builder().method(method).endpoint(path).query(query);
        if (body != null) {
            request = request.json(body);
        }
        OpenSearchClient asking = opaqueId == null ? client : named(opaqueId);
        try (Response answer = asking.generic().execute(request.build())) {
            String warnings = answer.getHeaders().stream()
                .filter(header -> header.getKey().equalsIgnoreCase("warning")).toList().toString();
            return Transcript.raw(
                answer.getStatus(), warnings, answer.getBody().map(given -> given.bodyAsString()).orElse(""));
        }
    }

    /** The client with an id of its own for what it asks. */
    private OpenSearchClient named(String opaqueId) {
        return client.withTransportOptions(
            ApacheHttpClient5Options.DEFAULT.toBuilder().addHeader("X-Opaque-Id", opaqueId).build());
    }

    private SearchRequest request(String body) {
        return read(SearchRequest._DESERIALIZER, body).toBuilder().index(index).build();
    }

    private RequestItem item(String name, String body) {
        return RequestItem.of(i -> i.header(h -> h.index(name)).body(read(MultisearchBody._DESERIALIZER, body)));
    }

    private <T> T read(JsonpDeserializer<T> form, String text) {
        JsonParser parser = mapper.jsonProvider().createParser(new StringReader(text));
        return form.deserialize(parser, mapper);
    }

    private static List<String> ids(SearchResponse<Map> answer) {
        return answer.hits().hits().stream().map(Hit::id).toList();
    }

    private static String listed(List<String> ids) {
        return Json.createObjectBuilder().add("ids", Json.createArrayBuilder(ids)).build().toString();
    }

    private String json(JsonpSerializable answer) {
        StringWriter text = new StringWriter();
        JsonGenerator generator = mapper.jsonProvider().createGenerator(text);
        answer.serialize(generator, mapper);
        generator.close();
        return text.toString();
    }
}
