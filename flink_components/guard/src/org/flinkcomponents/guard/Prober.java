package org.flinkcomponents.guard;

/** Tries, once for each question, whether a directory is writable from this pod. */
final class Prober {
    private final Settings settings;
    private final long limitMillis;
    private String id;
    private Background<Void> trial;

    Prober(Settings settings, long limitMillis) {
        this.settings = settings;
        this.limitMillis = limitMillis;
    }

    /** The answer to write into the ledger; null while it is not known. */
    String answer(Probe probe) {
        if (!probe.id.equals(id)) {
            id = probe.id;
            trial = new Background<>("prober", limitMillis, () -> tryIt(probe));
        }
        if (!trial.isDone()) {
            return null;
        }
        try {
            trial.result();
            return probe.answer(null);
        } catch (Unreadable e) {
            return probe.answer(e.getMessage());
        }
    }

    private Void tryIt(Probe probe) throws Exception {
        try (FlinkFiles files = new FlinkFiles(settings)) {
            files.proveWritable(probe.directory, "flink-components-probe-" + probe.id);
        }
        return null;
    }
}
