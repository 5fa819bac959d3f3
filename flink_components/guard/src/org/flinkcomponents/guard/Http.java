package org.flinkcomponents.guard;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.Proxy;
import java.net.URL;
import java.nio.charset.StandardCharsets;

/** One call by the JDK's own client, whose connections are kept for the next call. */
final class Http {
    private static final int CONNECT_MILLIS = 3_000;
    private static final int READ_MILLIS = 10_000;

    private Http() {}

    /** A connection that takes no proxy, no cache and no redirect. */
    static HttpURLConnection open(String url) throws IOException {
        HttpURLConnection call = (HttpURLConnection) new URL(url).openConnection(Proxy.NO_PROXY);
        call.setConnectTimeout(CONNECT_MILLIS);
        call.setReadTimeout(READ_MILLIS);
        call.setUseCaches(false);
        call.setInstanceFollowRedirects(false);
        return call;
    }

    /** The body to its end, also of an error: what is left unread ends the connection. */
    static String body(HttpURLConnection call) throws IOException {
        boolean failed = call.getResponseCode() >= 400;
        try (InputStream in = failed ? call.getErrorStream() : call.getInputStream()) {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            byte[] buffer = new byte[8192];
            for (int n = in == null ? -1 : in.read(buffer); n >= 0; n = in.read(buffer)) {
                out.write(buffer, 0, n);
            }
            return new String(out.toByteArray(), StandardCharsets.UTF_8);
        }
    }
}
