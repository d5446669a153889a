import co.elastic.clients.json.JsonpMapper;
import co.elastic.clients.json.jackson.Jackson3JsonpMapper;
import co.elastic.clients.transport.ElasticsearchTransport;
import co.elastic.clients.transport.rest_client.RestClientTransport;
import java.util.Map;
import org.apache.http.Header;
import org.apache.http.HttpHost;
import org.apache.http.HttpResponseInterceptor;
import org.apache.http.message.BasicHeader;
import org.apache.http.util.EntityUtils;
import org.elasticsearch.client.Request;
import org.elasticsearch.client.RequestOptions;
import org.elasticsearch.client.Response;
import org.elasticsearch.client.RestClient;

/** The HTTP client below version 8 of the client, which is that of Elasticsearch's low-level REST client. */
final class Connection {
    final JsonpMapper mapper = new Jackson3JsonpMapper();
    final ElasticsearchTransport transport;
    private final RestClient client;

    Connection(String url, Map<String, String> headers, boolean compressed, Seen seen) {
        Header[] defaults = headers.entrySet().stream()
            .map(entry -> new BasicHeader(entry.getKey(), entry.getValue())).toArray(Header[]::new);
        HttpResponseInterceptor watch = (answer, context) -> {
            Seen.Headers headersSeen = new Seen.Headers();
            for (Header header : answer.getAllHeaders()) {
                headersSeen.add(header.getName(), header.getValue());
            }
            seen.answer(answer.getStatusLine().getStatusCode(), headersSeen);
        };
        client = RestClient.builder(HttpHost.create(url)).setDefaultHeaders(defaults).setCompressionEnabled(compressed)
            .setHttpClientConfigCallback(http -> http.addInterceptorFirst(watch)).build();
        transport = new RestClientTransport(client, mapper);
    }

    /** Any request through the low-level client; gives its status, warnings and body. */
    String raw(String method, String target, String body, Map<String, String> headers) throws Exception {
        Request request = new Request(method, target);
        if (body != null) {
            request.setJsonEntity(body);
        }
        RequestOptions.Builder options = RequestOptions.DEFAULT.toBuilder();
        headers.forEach(options::addHeader);
        request.setOptions(options);
        Response answer = client.performRequest(request);
        String text = answer.getEntity() == null ? "" : EntityUtils.toString(answer.getEntity());
        return Transcript.raw(answer.getStatusLine().getStatusCode(), answer.getWarnings().toString(), text);
    }
}
