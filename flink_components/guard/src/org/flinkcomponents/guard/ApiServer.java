package org.flinkcomponents.guard;

import java.io.IOException;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.Map;
import javax.net.ssl.HttpsURLConnection;

/** The one Lease that we may read and write, by the account of the pod. */
final class ApiServer {
    private final String url;
    private final Path token;
    private final Https https;

    /** account: the folder with the token and the certificates of the pod's service account. */
    ApiServer(Map<String, String> environment, Path account, String namespace, String lease) {
        String host = environment.get("KUBERNETES_SERVICE_HOST");
        String port = environment.get("KUBERNETES_SERVICE_PORT");
        if (host == null || host.isEmpty() || port == null) {
            throw new IllegalArgumentException(
                    "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set: not in a pod");
        }
        String server = "https://" + (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
        String group = "/apis/coordination.k8s.io/v1";
        url = server + group + "/namespaces/" + namespace + "/leases/" + lease;
        token = account.resolve("token");
        https = new Https(account.resolve("ca.crt"));
    }

    Lease read() throws Unreadable {
        String body = call("GET", null, 0);
        try {
            return new Lease(body);
        } catch (IllegalArgumentException e) {
            throw new Unreadable("the Lease can't be understood: " + e.getMessage());
        }
    }

    /** Writes what {@link Lease#with} made; false where someone else has written meanwhile. */
    boolean replace(String lease) throws Unreadable {
        return call("PUT", lease, HttpURLConnection.HTTP_CONFLICT) != null;
    }

    /** The body of the answer; null for the status {@code accepted}. */
    private String call(String method, String content, int accepted) throws Unreadable {
        try {
            HttpsURLConnection call = (HttpsURLConnection) Http.open(url);
            call.setSSLSocketFactory(https.sockets());
            call.setRequestMethod(method);
            // Read for each call: it is replaced before it expires.
            String bearer = new String(Files.readAllBytes(token), StandardCharsets.US_ASCII);
            call.setRequestProperty("Authorization", "Bearer " + bearer.trim());
            call.setRequestProperty("Accept", "application/json");
            if (content != null) {
                send(call, content);
            }
            int status = call.getResponseCode();
            String body = Http.body(call);
            if (status == accepted) {
                return null;
            }
            if (status != HttpURLConnection.HTTP_OK) {
                throw new Unreadable("the API server answers " + status + " for " + url);
            }
            return body;
        } catch (IOException | GeneralSecurityException e) {
            throw new Unreadable("the API server can't be asked: " + Causes.root(e));
        }
    }

    private static void send(HttpURLConnection call, String content) throws IOException {
        byte[] body = content.getBytes(StandardCharsets.UTF_8);
        call.setDoOutput(true);
        call.setRequestProperty("Content-Type", "application/json");
        try (OutputStream out = call.getOutputStream()) {
            out.write(body);
        }
    }
}
