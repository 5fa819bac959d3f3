package org.flinkcomponents.guard;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.zip.GZIPInputStream;

/**
 * Loads and links the classes that Flink loads when it starts, while there is nothing else to do.
 *
 * <p>None is initialized, so that nothing of Flink runs. The list holds names of several versions;
 * those that this one does not have are passed over.
 */
final class ClassPreloader extends Thread {
    private static final String NAMES = "classes.gz";

    private volatile boolean stopped;

    ClassPreloader() {
        super("flink-components-preloader");
        setDaemon(true);
    }

    @Override
    public void run() {
        long began = System.nanoTime();
        int loaded = 0;
        try (BufferedReader names = names()) {
            for (String name = names.readLine(); name != null && !stopped; ) {
                loaded += load(name) ? 1 : 0;
                name = names.readLine();
            }
        } catch (IOException e) {
            Log.say("the list of classes can't be read: " + Causes.root(e));
        }
        if (!stopped) {
            long millis = (System.nanoTime() - began) / 1_000_000;
            Log.say("ready: " + loaded + " classes of Flink loaded in " + millis + " ms");
        }
    }

    /** Leaves the rest to Flink, which starts now. */
    void finish() {
        stopped = true;
    }

    private static boolean load(String name) {
        try {
            Class<?> type = Class.forName(name, false, ClassLoader.getSystemClassLoader());
            type.getDeclaredConstructors(); // links it: verification takes as long as loading
            return true;
        } catch (ClassNotFoundException | LinkageError e) {
            return false;
        }
    }

    private static BufferedReader names() throws IOException {
        return new BufferedReader(
                new InputStreamReader(
                        new GZIPInputStream(ClassPreloader.class.getResourceAsStream(NAMES)),
                        StandardCharsets.US_ASCII));
    }
}
