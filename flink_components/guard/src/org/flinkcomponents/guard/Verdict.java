package org.flinkcomponents.guard;

/** What the ledger says about a Flink that runs. */
enum Verdict {
    /** It is left alone. */
    RUNS_ON,
    /** Another attempt owns the job. */
    DISOWNED,
    /** It was stopped, and may take the job back. */
    STOPPED,
    /** It is being stopped by nobody any more; it may take the job back once it has ended. */
    STOPPED_IF_ENDED;

    /** started: the revision and attempt that was started here. */
    static Verdict on(Lease lease, Lock.State lock, Go started) {
        Go go = lease.go;
        if (lease.claim != null && lease.claim.attempt > started.attempt.number) {
            return DISOWNED;
        }
        boolean ours =
                go.revision == started.revision && go.attempt != null
                        && go.attempt.number == started.attempt.number;
        if (go.state == Go.State.GO) {
            return ours ? RUNS_ON : DISOWNED;
        }
        if (go.state != Go.State.STOPPING || !ours || lock == Lock.State.HELD) {
            return RUNS_ON;
        }
        return go.back.restore != null ? STOPPED : STOPPED_IF_ENDED;
    }
}
