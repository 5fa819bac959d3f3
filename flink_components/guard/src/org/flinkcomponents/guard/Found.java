package org.flinkcomponents.guard;

import java.util.List;

/** What was found below the directory of a stop: one savepoint, none, or why nobody can tell. */
final class Found {
    /** The path of the savepoint; null where none was found. */
    final String savepoint;
    /** Why it can't be told whether there is one; null where it can. */
    final String problem;

    private Found(String savepoint, String problem) {
        this.savepoint = savepoint;
        this.problem = problem;
    }

    static Found complete(String directory, List<String> savepoints) {
        if (savepoints.size() > 1) {
            return unknown("there are " + savepoints.size() + " savepoints below " + directory);
        }
        return new Found(savepoints.isEmpty() ? null : savepoints.get(0), null);
    }

    static Found unknown(String problem) {
        return new Found(null, problem);
    }
}
