package org.flinkcomponents.guard;

/** One run of the job: its number, its job id, and what it starts from. */
final class Attempt {
    final int number;
    final String jobId;
    /** The path of a savepoint or checkpoint; null: it starts empty, or from its HA data. */
    final String restore;

    final String claimMode;

    Attempt(int number, String jobId, String restore, String claimMode) {
        if (!jobId.matches("[0-9a-f]{32}")) {
            throw new IllegalArgumentException(jobId + " is not a job id of 32 hex digits");
        }
        this.number = number;
        this.jobId = jobId;
        this.restore = restore;
        this.claimMode = claimMode == null ? "NO_CLAIM" : claimMode;
    }

    static Attempt of(Fields fields, String restore, String claimMode) {
        return new Attempt(fields.number("attempt"), fields.text("jobId"), restore, claimMode);
    }

    Attempt from(String savepoint) {
        return new Attempt(number, jobId, savepoint, claimMode);
    }

    @Override
    public String toString() {
        String origin = restore == null ? "" : " from " + restore;
        return "attempt " + number + " (job " + jobId + ")" + origin;
    }
}
