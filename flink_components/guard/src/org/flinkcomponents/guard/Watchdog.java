package org.flinkcomponents.guard;

import java.util.concurrent.TimeUnit;

/** Ends a Flink whose job belongs to another attempt, or is to be taken back at the guard. */
final class Watchdog extends Thread {
    private static final int DISOWNED = 170;
    private static final long HOOKS_MILLIS = 10_000;

    private final ApiServer api;
    private final Go started;
    private final OwnJob job;
    private final long pauseMillis;
    private final Lock lock = new Lock();

    Watchdog(ApiServer api, Go started, OwnJob job, long pauseMillis) {
        super("flink-components-watchdog");
        setDaemon(true);
        this.api = api;
        this.started = started;
        this.job = job;
        this.pauseMillis = pauseMillis;
    }

    @Override
    public void run() {
        try {
            while (true) {
                Thread.sleep(pauseMillis);
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
        Lease lease;
        try {
            lease = api.read();
        } catch (Unreadable e) {
            lock.unseen();
            return;
        }
        long now = TimeUnit.NANOSECONDS.toMillis(System.nanoTime());
        switch (Verdict.on(lease, lock.look(lease, now), started)) {
            case DISOWNED:
                Log.say("another attempt owns the job: ending " + started.attempt);
                Runtime.getRuntime().halt(DISOWNED);
                break;
            case STOPPED:
                end();
                break;
            case STOPPED_IF_ENDED:
                if (job.isFinished()) {
                    end();
                }
                break;
            default:
        }
    }

    /** Ends as on SIGTERM, so that a standby need not wait until our leadership expires. */
    private static void end() throws InterruptedException {
        Log.say("the job was stopped, and nobody is there to go on: starting again to take it back");
        Thread exit = new Thread(() -> System.exit(0), "flink-components-exit");
        exit.start();
        exit.join(HOOKS_MILLIS);
        Runtime.getRuntime().halt(0);
    }
}
