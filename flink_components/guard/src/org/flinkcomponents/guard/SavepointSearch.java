package org.flinkcomponents.guard;

import java.util.Objects;
import java.util.concurrent.TimeUnit;

/** Looks for the savepoint of a stop, again and again until there is one. */
final class SavepointSearch {
    private final Settings settings;
    private final long limitMillis;
    private final long againMillis;
    private String directory;
    private Background<Found> search;
    private Found found;
    private long foundAtNanos;

    /** limitMillis: how long one search may take. againMillis: how long a result without one holds. */
    SavepointSearch(Settings settings, long limitMillis, long againMillis) {
        this.settings = settings;
        this.limitMillis = limitMillis;
        this.againMillis = againMillis;
    }

    /** What was found for this stop since its runner is gone; null: it is to be looked for. */
    Found found(Go go, Lock.State lock) {
        if (lock == Lock.State.HELD || !Objects.equals(directory, go.directory)) {
            directory = null;
            search = null;
            found = null;
        }
        if (search != null && search.isDone()) {
            found = result();
            foundAtNanos = System.nanoTime();
            search = null;
        }
        boolean old = System.nanoTime() - foundAtNanos > TimeUnit.MILLISECONDS.toNanos(againMillis);
        return found != null && found.savepoint == null && old ? null : found;
    }

    /** Goes on with the search, or begins it (again); says so when it is the first. */
    void go(Decision look, String directory) {
        if (search != null) {
            return;
        }
        if (this.directory == null) {
            Log.say(look.reason);
        }
        this.directory = directory;
        search = new Background<>("search", limitMillis, () -> search(directory));
    }

    private Found search(String directory) throws Exception {
        try (FlinkFiles files = new FlinkFiles(settings)) {
            return Found.complete(directory, files.savepoints(directory));
        }
    }

    private Found result() {
        try {
            return search.result();
        } catch (Unreadable e) {
            return Found.unknown(directory + " can't be listed: " + e.getMessage());
        }
    }
}
