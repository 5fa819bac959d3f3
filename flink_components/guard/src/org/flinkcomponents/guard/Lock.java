package org.flinkcomponents.guard;

/**
 * Whether the holder of the lock is still there, by our own clock: clocks of machines differ.
 *
 * <p>A holder is gone when the renew time has stood still for the duration of the Lease while we
 * could read it. One that could not reach the API server, like us, gets its time again.
 */
final class Lock {
    enum State {
        FREE,
        HELD,
        EXPIRED
    }

    private String seen;
    private long seenAtMillis;

    /** Looks at a Lease that was just read. */
    State look(Lease lease, long nowMillis) {
        if (lease.holder.isEmpty()) {
            seen = null;
            return State.FREE;
        }
        String holding = lease.holder + ' ' + lease.renewTime;
        if (!holding.equals(seen)) {
            seen = holding;
            seenAtMillis = nowMillis;
        }
        boolean expired = nowMillis - seenAtMillis > lease.leaseSeconds * 1000;
        return expired ? State.EXPIRED : State.HELD;
    }

    /** The Lease could not be read. */
    void unseen() {
        seen = null;
    }
}
