package org.flinkcomponents.guard;

import java.util.Collections;
import java.util.concurrent.TimeUnit;

/** Ends a Flink whose job belongs to another attempt, or is to be taken back at the guard. */
final class Watchdog extends Thread {
    private static final int DISOWNED = 170;
    private static final long HOOKS_MILLIS = 10_000;

    private final ApiServer api;
    private final Go started;
    private final OwnJob job;
    private final Arguments arguments;
    private final Lock lock = new Lock();
    private long lingersSinceMillis = -1;

    Watchdog(ApiServer api, Go started, OwnJob job, Arguments arguments) {
        super("flink-components-watchdog");
        setDaemon(true);
        this.api = api;
        this.started = started;
        this.job = job;
        this.arguments = arguments;
    }

    @Override
    public void run() {
        try {
            while (true) {
                Thread.sleep(lingers() ? arguments.quickPollMillis : arguments.watchMillis);
                try {
                    look();
                } catch (RuntimeException e) {
                    Log.sayOnce("the ledger is not watched: " + Causes.root(e));
                }
            }
        } catch (InterruptedException e) {
            Log.say("nobody watches the ledger any more");
        }
    }

    /** What can't be read ends nothing. */
    private void look() throws InterruptedException {
        try {
            follow(api.read());
        } catch (Unreadable e) {
            lock.unseen();
        }
    }

    private void follow(Lease lease) throws InterruptedException, Unreadable {
        long now = TimeUnit.NANOSECONDS.toMillis(System.nanoTime());
        switch (Verdict.on(lease, lock.look(lease, now), started)) {
            case DISOWNED:
                if (mayLinger(lease.go, now)) {
                    break;
                }
                Log.say("another attempt owns the job: ending " + started.attempt);
                Runtime.getRuntime().halt(DISOWNED);
                break;
            case STOPPED:
                end(lease);
                break;
            case STOPPED_IF_ENDED:
                if (job.isFinished()) {
                    end(lease);
                }
                break;
            default:
        }
    }

    private boolean lingers() {
        return lingersSinceMillis >= 0;
    }

    /**
     * Whether it may stay for now: its job has ended, and another revision is told to go.
     *
     * <p>A JVM that starts again takes processors from the Flink that is starting just then. Mostly
     * that one is stable soon, and this one is removed; as soon as it is not, this one starts again.
     */
    private boolean mayLinger(Go go, long now) {
        boolean other = go.state == Go.State.GO && go.revision != started.revision;
        if (!other || !job.hasEnded()) {
            return false;
        }
        if (!lingers()) {
            Log.say("the job has ended, and revision " + go.revision + " starts: standing by");
            lingersSinceMillis = now;
        }
        return now - lingersSinceMillis <= arguments.lingerMillis;
    }

    /**
     * Ends as on SIGTERM, so that a standby need not wait until our leadership expires.
     *
     * <p>An expired lock is freed before: the guard need not see it expire once more.
     */
    private void end(Lease lease) throws InterruptedException, Unreadable {
        boolean free = lease.holder.isEmpty();
        if (!free && !api.replace(lease.with(Collections.emptyMap(), true))) {
            return;
        }
        Log.say("the job was stopped, and nobody is there to go on: starting again to take it back");
        Thread exit = new Thread(() -> System.exit(0), "flink-components-exit");
        exit.start();
        exit.join(HOOKS_MILLIS);
        Runtime.getRuntime().halt(0);
    }
}
