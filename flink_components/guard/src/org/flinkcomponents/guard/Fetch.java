package org.flinkcomponents.guard;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URL;
import java.net.URLConnection;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;

/**
 * Gets the jar of a job into its pod, before Flink starts: {@code CONF FROM SHA256 TO}.
 *
 * <p>{@code CONF} is the folder of Flink's configuration, by which it reads what is not a web
 * address, and {@code SHA256} may be {@code -}. The file is there whole and checked, or not at all.
 */
public final class Fetch {
    private static final int CONNECT_MILLIS = 10_000;
    private static final int READ_MILLIS = 60_000;

    private Fetch() {}

    /** Ends the JVM with 1, and the reason in one line, where there is no such jar. */
    public static void main(String[] given) {
        try {
            fetch(Paths.get(given[0]), given[1], given[2], Paths.get(given[3]));
        } catch (Throwable e) {
            System.out.println("the jar " + given[1] + " can't be fetched: " + Causes.root(e));
            System.exit(1);
        }
    }

    private static void fetch(Path conf, String from, String expected, Path to) throws Exception {
        Path part = to.resolveSibling(to.getFileName() + ".part");
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        try (OutputStream out = Files.newOutputStream(part)) {
            if (from.startsWith("https://") || from.startsWith("http://")) {
                download(from, digest, out);
            } else {
                try (FlinkFiles files = new FlinkFiles(new Settings(conf));
                        InputStream in = files.open(from)) {
                    copy(in, digest, out);
                }
            }
        }
        String found = hex(digest.digest());
        if (!expected.equals("-") && !expected.equals(found)) {
            throw new IOException("its SHA-256 is " + found + ", and " + expected + " is declared");
        }
        Files.move(part, to, StandardCopyOption.ATOMIC_MOVE);
    }

    private static void download(String from, MessageDigest digest, OutputStream out)
            throws IOException {
        URLConnection connection = new URL(from).openConnection();
        connection.setConnectTimeout(CONNECT_MILLIS);
        connection.setReadTimeout(READ_MILLIS);
        try (InputStream in = connection.getInputStream()) {
            copy(in, digest, out);
        }
    }

    private static void copy(InputStream in, MessageDigest digest, OutputStream out)
            throws IOException {
        byte[] buffer = new byte[1 << 16];
        for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
            digest.update(buffer, 0, read);
            out.write(buffer, 0, read);
        }
    }

    private static String hex(byte[] bytes) {
        StringBuilder text = new StringBuilder();
        for (byte one : bytes) {
            text.append(String.format("%02x", one));
        }
        return text.toString();
    }
}
