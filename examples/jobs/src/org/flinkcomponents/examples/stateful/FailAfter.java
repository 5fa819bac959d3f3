package org.flinkcomponents.examples.stateful;

import org.apache.flink.api.common.functions.RichMapFunction;
import org.apache.flink.api.java.tuple.Tuple3;

/** Passes on what it gets until so many milliseconds after its first record, then fails. */
final class FailAfter extends RichMapFunction<Tuple3<Long, Long, Long>, Tuple3<Long, Long, Long>> {
    private static final long serialVersionUID = 1L;

    private final long milliseconds;
    private transient long deadline;

    FailAfter(long milliseconds) {
        this.milliseconds = milliseconds;
    }

    @Override
    public Tuple3<Long, Long, Long> map(Tuple3<Long, Long, Long> record) {
        long now = System.nanoTime();
        if (deadline == 0) {
            deadline = now + milliseconds * 1_000_000;
        }
        if (now >= deadline) {
            throw new IllegalStateException(
                    "this job fails " + milliseconds + " ms after its start, as it was asked to");
        }
        return record;
    }
}
