import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.concurrent.CompletableFuture;

/** Java's own client, which asks for HTTP/2 over an upgrade first. Usage: java Client.java http://host:port */
public class Client {
    public static void main(String[] arguments) throws Exception {
        HttpClient client = HttpClient.newHttpClient();
        var sent = new ArrayList<CompletableFuture<HttpResponse<String>>>();
        for (int round = 0; round < 100; round++) {
            var request = HttpRequest.newBuilder(URI.create(arguments[0] + "/echo"))
                .header("Content-Type", "text/plain")
                .expectContinue(round % 2 == 0)
                .POST(HttpRequest.BodyPublishers.ofString("body " + "x".repeat(round * 50)))
                .build();
            sent.add(client.sendAsync(request, HttpResponse.BodyHandlers.ofString()));
        }
        for (int round = 0; round < sent.size(); round++) {
            var answer = sent.get(round).get();
            if (answer.statusCode() != 200 || !answer.body().equals("body " + "x".repeat(round * 50))) {
                throw new IllegalStateException(round + ": " + answer.statusCode() + " " + answer.body());
            }
        }
        System.out.println("java: 100 requests as they should be");
    }
}
