package org.flinkcomponents.guard;

/** One run of the job: its number, its job id, and what it starts from. */
final class Attempt {
    static final String MAY_LOSE = "allowNonRestoredState";

    private static final String NO_CLAIM = "NO_CLAIM";

    final int number;
    final String jobId;
    /** The path of a savepoint or checkpoint; null: it starts empty, or from its HA data. */
    final String restore;

    final String claimMode;
    /** Whether state that no operator takes may be left behind, which Flink else refuses. */
    final boolean mayLose;

    Attempt(int number, String jobId, String restore, String claimMode, boolean mayLose) {
        if (!jobId.matches("[0-9a-f]{32}")) {
            throw new IllegalArgumentException(jobId + " is not a job id of 32 hex digits");
        }
        this.number = number;
        this.jobId = jobId;
        this.restore = restore;
        this.claimMode = claimMode == null ? NO_CLAIM : claimMode;
        this.mayLose = mayLose;
    }

    static Attempt of(Fields fields, String restore, String claimMode) {
        boolean mayLose = fields.flag(MAY_LOSE);
        return new Attempt(
                fields.number("attempt"), fields.text("jobId"), restore, claimMode, mayLose);
    }

    Attempt from(String savepoint) {
        return new Attempt(number, jobId, savepoint, claimMode, mayLose);
    }

    /** Whether it starts as Flink does where nothing else is said. */
    boolean startsAsByDefault() {
        return restore == null || (claimMode.equals(NO_CLAIM) && !mayLose);
    }

    @Override
    public String toString() {
        String origin = restore == null ? "" : " from " + restore;
        return "attempt " + number + " (job " + jobId + ")" + origin;
    }
}
