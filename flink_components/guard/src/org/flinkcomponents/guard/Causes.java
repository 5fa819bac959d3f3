package org.flinkcomponents.guard;

/** Errors in one line. */
final class Causes {
    private Causes() {}

    /** The innermost cause: its class without the package, and its message. */
    static String root(Throwable error) {
        Throwable root = error;
        while (root.getCause() != null && root.getCause() != root) {
            root = root.getCause();
        }
        String message = root.getMessage();
        String kind = root.getClass().getSimpleName();
        return message == null ? kind : kind + ": " + message.trim().replaceAll("\\s+", " ");
    }
}
