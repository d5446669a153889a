import co.elastic.clients.json.JsonpMapper;
import co.elastic.clients.json.jackson.JacksonJsonpMapper;
import co.elastic.clients.transport.ElasticsearchTransport;
import co.elastic.clients.transport.rest5_client.Rest5ClientTransport;
import co.elastic.clients.transport.rest5_client.low_level.Request;
import co.elastic.clients.transport.rest5_client.low_level.RequestOptions;
import co.elastic.clients.transport.rest5_client.low_level.Response;
import co.elastic.clients.transport.rest5_client.low_level.Rest5Client;
import java.net.URI;
import java.util.Map;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.HttpHost;
import org.apache.hc.core5.http.HttpResponseInterceptor;
import org.apache.hc.core5.http.io.entity.EntityUtils;
import org.apache.hc.core5.http.message.BasicHeader;

/** The HTTP client below version 9 of the client. */
final class Connection {
    final JsonpMapper mapper = new JacksonJsonpMapper();
    final ElasticsearchTransport transport;
    private final Rest5Client client;

    Connection(String url, Map<String, String> headers, boolean compressed, Seen seen) {
        Header[] defaults = headers.entrySet().stream()
            .map(entry -> new BasicHeader(entry.getKey(), entry.getValue())).toArray(Header[]::new);
        HttpResponseInterceptor watch = (answer, entity, context) -> {
            Seen.Headers headersSeen = new Seen.Headers();
            for (Header header : answer.getHeaders()) {
                headersSeen.add(header.getName(), header.getValue());
            }
            seen.answer(answer.getCode(), headersSeen);
        };
        client = Rest5Client.builder(HttpHost.create(URI.create(url))).setDefaultHeaders(defaults)
            .setCompressionEnabled(compressed)
            .setHttpClientConfigCallback(http -> http.addResponseInterceptorFirst(watch)).build();
        transport = new Rest5ClientTransport(client, mapper);
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
        return Transcript.raw(answer.getStatusCode(), answer.getWarnings().toString(), text);
    }
}
