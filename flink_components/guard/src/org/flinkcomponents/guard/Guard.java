package org.flinkcomponents.guard;

import org.flinkcomponents.guard.Decision.Kind;

/** Decides from the ledger whether a JobManager may start; knows no network and no clock. */
final class Guard {
    private final int revision;
    private final String nonce;

    /** revision: of this JobManager. nonce: of this start of its JVM. */
    Guard(int revision, String nonce) {
        this.revision = revision;
        this.nonce = nonce;
    }

    /** found: what was seen below the directory of a stop; null where nobody has looked yet. */
    Decision decide(Lease lease, Lock.State lock, Found found) {
        Go go = lease.go;
        switch (go.state) {
            case ABSENT:
                return Decision.waitBecause("no revision is told to go");
            case DOWN:
                return Decision.waitBecause("the job is to be down");
            default:
        }
        if (go.revision != revision) {
            String told = go.state == Go.State.GO ? "is told to go" : "is being stopped";
            return Decision.waitBecause("revision " + go.revision + " " + told);
        }
        return go.state == Go.State.GO ? toldToGo(lease) : beingStopped(lease, lock, found);
    }

    private Decision toldToGo(Lease lease) {
        Go go = lease.go;
        Claim claim = lease.claim;
        if (claim == null || claim.attempt < go.attempt.number) {
            return Decision.of(Kind.CLAIM, go, "told to go with " + go.attempt);
        }
        if (claim.attempt > go.attempt.number) {
            return claimedLater(claim);
        }
        if (claim.nonce.equals(nonce)) {
            return Decision.of(Kind.START, go, "starting " + go.attempt);
        }
        if (go.ha) {
            String how = "starting Flink for " + go.attempt + ", which recovers from its HA data";
            return Decision.of(Kind.START, go, how);
        }
        return Decision.waitBecause(
                "attempt "
                        + go.attempt.number
                        + " was started by another JVM; without high availability a second start"
                        + " would go back to where it began: it stays down until the next up");
    }

    private Decision beingStopped(Lease lease, Lock.State lock, Found found) {
        Go go = lease.go;
        String stop = "attempt " + go.attempt.number + " is being stopped";
        if (lock == Lock.State.HELD) {
            return Decision.waitBecause(stop + " by " + lease.holding());
        }
        if (lease.claim != null && lease.claim.attempt >= go.back.number) {
            return claimedLater(lease.claim);
        }
        if (go.back.restore != null) {
            return takeBack(go, go.back.restore, lock);
        }
        if (found == null) {
            return Decision.look(go.directory);
        }
        if (found.problem != null) {
            return Decision.waitBecause(stop + ", by nobody any more: " + found.problem);
        }
        if (found.savepoint != null) {
            return takeBack(go, found.savepoint, lock);
        }
        boolean ran = lease.claim != null && lease.claim.attempt == go.attempt.number;
        if (go.ha && ran) {
            return Decision.of(Kind.GO_ON, go.to(go.attempt), "its stop left no savepoint");
        }
        return Decision.waitBecause(
                stop
                        + ", by nobody any more, and there is no savepoint below "
                        + go.directory
                        + (ran
                                ? ": without high availability nobody knows where its state is"
                                : ": it was never started"));
    }

    private static Decision takeBack(Go go, String savepoint, Lock.State lock) {
        String how = lock == Lock.State.FREE ? "was given back" : "has expired";
        Go back = go.to(go.back.from(savepoint));
        return Decision.of(Kind.TAKE_BACK, back, "the lock " + how + ": taking the job back");
    }

    private static Decision claimedLater(Claim claim) {
        return Decision.waitBecause("a later attempt, " + claim.attempt + ", was claimed");
    }
}
