package org.flinkcomponents.examples.stateful;

import java.io.File;
import org.apache.flink.api.common.functions.RichMapFunction;
import org.apache.flink.api.java.tuple.Tuple3;

/** Passes on what it gets until so long after its first record, or until a file exists: then fails. */
final class FailAfter extends RichMapFunction<Tuple3<Long, Long, Long>, Tuple3<Long, Long, Long>> {
    private static final long serialVersionUID = 2L;

    private final long milliseconds;
    private final String file;
    private transient long deadline;

    FailAfter(long milliseconds, String file) {
        this.milliseconds = milliseconds;
        this.file = file;
    }

    @Override
    public Tuple3<Long, Long, Long> map(Tuple3<Long, Long, Long> record) {
        long now = System.nanoTime();
        if (deadline == 0) {
            deadline = now + milliseconds * 1_000_000;
        }
        if (!file.isEmpty() && new File(file).exists()) {
            throw new IllegalStateException(
                    "this job fails since " + file + " exists, as it was asked to");
        }
        if (now >= deadline) {
            throw new IllegalStateException(
                    "this job fails " + milliseconds + " ms after its start, as it was asked to");
        }
        return record;
    }
}
