package org.flinkcomponents.guard;

import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Asks the ledger until this JobManager may start, and does what that needs. */
final class Waiting {
    private final Arguments arguments;
    private final ApiServer api;
    private final Settings settings;
    private final String pod;
    private final String nonce;
    private final ClassPreloader preloader;
    private final Guard guard;
    private final Lock lock = new Lock();
    private final SavepointSearch search;
    private final Prober prober;

    Waiting(
            Arguments arguments,
            ApiServer api,
            Settings settings,
            String pod,
            String nonce,
            ClassPreloader preloader) {
        this.arguments = arguments;
        this.api = api;
        this.settings = settings;
        this.pod = pod;
        this.nonce = nonce;
        this.preloader = preloader;
        guard = new Guard(arguments.revision, nonce);
        search =
                new SavepointSearch(settings, arguments.storageMillis, arguments.searchAgainMillis);
        prober = new Prober(settings, arguments.storageMillis);
    }

    /** Returns with what is to be started, once it is claimed and in Flink's configuration. */
    Go untilStart() throws InterruptedException {
        long pause = arguments.pollMillis;
        while (true) {
            try {
                Lease lease = api.read();
                Lock.State held = lock.look(lease, now());
                pause = held == Lock.State.HELD ? arguments.quickPollMillis : arguments.pollMillis;
                Decision next = guard.decide(lease, held, search.found(lease.go, held));
                if (next.go != null) {
                    settings.write(next.go.attempt);
                }
                if (next.kind == Decision.Kind.START) {
                    Log.say(next.reason);
                    return next.go;
                }
                if (act(lease, next)) {
                    continue;
                }
            } catch (Unreadable e) {
                lock.unseen();
                Log.sayOnce("waiting: " + e.getMessage());
            } catch (IOException e) {
                Log.sayOnce("waiting: the configuration can't be written: " + Causes.root(e));
            }
            Thread.sleep(pause);
        }
    }

    /** Whether the ledger was written to, or should have been, and is to be read at once. */
    private boolean act(Lease lease, Decision next) throws Unreadable {
        switch (next.kind) {
            case WAIT:
                Log.sayOnce("waiting: " + next.reason);
                return lease.probe != null && answered(lease);
            case LOOK:
                search.go(next, lease.go.directory);
                return false;
            default:
                Log.sayOnce(next.reason);
                api.replace(written(lease, next));
                return true;
        }
    }

    private String written(Lease lease, Decision next) {
        boolean toldToGo = next.kind == Decision.Kind.CLAIM;
        Map<String, String> annotations = new HashMap<>();
        if (next.kind != Decision.Kind.GO_ON) {
            String tookBack = toldToGo ? null : next.go.attempt.restore;
            annotations.put(Lease.CLAIM, Claim.annotation(next.go, pod, nonce, tookBack));
        }
        if (!toldToGo) {
            annotations.put(Lease.GO, next.go.annotation());
        }
        return lease.with(annotations, !toldToGo);
    }

    /** Answers a question to this revision; not before it could go at once. */
    private boolean answered(Lease lease) throws Unreadable {
        if (lease.probe.revision != arguments.revision) {
            return false;
        }
        String answer = prober.answer(lease.probe);
        if (answer == null || preloader.isAlive()) {
            return false;
        }
        Map<String, String> annotations = new HashMap<>();
        annotations.put(Lease.PROBED, answer);
        api.replace(lease.with(annotations, false));
        return true;
    }

    private static long now() {
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime());
    }
}
