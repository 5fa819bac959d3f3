package org.flinkcomponents.guard;

/** The ledger can't be read or written now; the message is one line for people. */
final class Unreadable extends Exception {
    private static final long serialVersionUID = 1L;

    Unreadable(String message) {
        super(message);
    }
}
