package org.flinkcomponents.guard;

import java.util.Objects;

/** Looks for the savepoint of a stop, again and again until there is one. */
final class SavepointSearch {
    private static final long AGAIN_MILLIS = 10_000;

    private final Settings settings;
    private final long limitMillis;
    private Background<Found> search;
    private String directory;

    SavepointSearch(Settings settings, long limitMillis) {
        this.settings = settings;
        this.limitMillis = limitMillis;
    }

    /** What was found for this stop since its runner is gone; null: it is to be looked for. */
    Found found(Go go, Lock.State lock) {
        if (lock == Lock.State.HELD || !Objects.equals(directory, go.directory)) {
            search = null;
            directory = null;
        }
        if (search == null || !search.isDone()) {
            return null;
        }
        Found found = result();
        return found.savepoint == null && search.ageMillis() > AGAIN_MILLIS ? null : found;
    }

    /** Goes on with the search, or begins it (again); says so when it is the first. */
    void go(Decision look, String directory) {
        if (search != null && !search.isDone()) {
            return;
        }
        if (this.directory == null) {
            Log.say(look.reason);
        }
        this.directory = directory;
        search =
                new Background<>(
                        "search",
                        limitMillis,
                        () -> {
                            try (FlinkFiles files = new FlinkFiles(settings)) {
                                return Found.complete(directory, files.savepoints(directory));
                            }
                        });
    }

    private Found result() {
        try {
            return search.result();
        } catch (Unreadable e) {
            return Found.unknown(directory + " can't be listed: " + e.getMessage());
        }
    }
}
