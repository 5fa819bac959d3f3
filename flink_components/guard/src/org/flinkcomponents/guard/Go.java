package org.flinkcomponents.guard;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What the life cycle allows the JobManagers of a job: the annotation {@code flink-components/go}.
 *
 * <p>{@code GO}: the named attempt may run. {@code STOPPING}: it is being stopped, and may be taken
 * back under {@code backAttempt}. {@code DOWN} and {@code ABSENT}: nothing may start.
 */
final class Go {
    enum State {
        ABSENT,
        GO,
        STOPPING,
        DOWN
    }

    static final Go NOTHING = new Go(State.ABSENT, 0, null, null, null, false);

    final State state;
    final int revision;
    final Attempt attempt;
    /** The attempt that takes the job back; null but in {@code STOPPING}. */
    final Attempt back;
    /** Where the savepoint of the stop appears; null but in {@code STOPPING}. */
    final String directory;
    final boolean ha;

    private Go(
            State state, int revision, Attempt attempt, Attempt back, String directory, boolean ha) {
        this.state = state;
        this.revision = revision;
        this.attempt = attempt;
        this.back = back;
        this.directory = directory;
        this.ha = ha;
    }

    /** Reads the annotation; throws IllegalArgumentException with what is wrong in it. */
    static Go of(String annotation) {
        Map<String, Object> values = annotation == null ? null : Json.object(annotation);
        if (values == null || values.isEmpty()) {
            return NOTHING;
        }
        Fields fields = new Fields(Lease.GO, values);
        String state = fields.text("state");
        if (state.equals("down")) {
            return new Go(State.DOWN, 0, null, null, null, false);
        }
        if (!state.equals("go") && !state.equals("stopping")) {
            throw new IllegalArgumentException(Lease.GO + " has an unknown state " + state);
        }
        int revision = fields.number("revision");
        boolean ha = fields.flag("ha");
        String claimMode = fields.textOrNull("claimMode");
        String restore = fields.textOrNull("restore");
        Attempt attempt = Attempt.of(fields, restore, claimMode);
        if (state.equals("go")) {
            return new Go(State.GO, revision, attempt, null, null, ha);
        }
        Attempt back = Attempt.of(fields.inner("back"), fields.textOrNull("savepoint"), null);
        return new Go(State.STOPPING, revision, attempt, back, fields.text("directory"), ha);
    }

    /** The same revision told to go with this attempt. */
    Go to(Attempt next) {
        return new Go(State.GO, revision, next, null, null, ha);
    }

    /** The annotation of a {@code GO}. */
    String annotation() {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("state", "go");
        fields.put("revision", revision);
        fields.put("attempt", attempt.number);
        fields.put("jobId", attempt.jobId);
        if (attempt.restore != null) {
            fields.put("restore", attempt.restore);
        }
        fields.put("claimMode", attempt.claimMode);
        fields.put("ha", ha);
        if (attempt.mayLose) {
            fields.put(Attempt.MAY_LOSE, true);
        }
        return Json.text(fields);
    }
}
