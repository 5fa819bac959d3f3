package org.flinkcomponents.guard;

/** What a waiting guard does next. */
final class Decision {
    enum Kind {
        /** Nothing, for a reason. */
        WAIT,
        /** Look for the savepoint of the stop. */
        LOOK,
        /** Claim the attempt. */
        CLAIM,
        /** Claim the attempt that takes the job back, tell it to go, free the lock. */
        TAKE_BACK,
        /** Tell the attempt that was not stopped to go on, free the lock. */
        GO_ON,
        /** Let Flink start. */
        START
    }

    final Kind kind;
    /** The attempt that is claimed, told to go or started; null in WAIT and LOOK. */
    final Go go;
    /** For people. */
    final String reason;

    private Decision(Kind kind, Go go, String reason) {
        this.kind = kind;
        this.go = go;
        this.reason = reason;
    }

    static Decision waitBecause(String reason) {
        return new Decision(Kind.WAIT, null, reason);
    }

    static Decision look(String directory) {
        return new Decision(Kind.LOOK, null, "looking for a savepoint below " + directory);
    }

    static Decision of(Kind kind, Go go, String reason) {
        return new Decision(kind, go, reason);
    }
}
