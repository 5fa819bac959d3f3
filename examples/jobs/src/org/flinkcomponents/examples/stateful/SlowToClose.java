package org.flinkcomponents.examples.stateful;

import org.apache.flink.api.common.functions.RichMapFunction;
import org.apache.flink.api.java.tuple.Tuple3;

/** Passes on what it gets, and takes long to close, interrupted or not. */
final class SlowToClose
        extends RichMapFunction<Tuple3<Long, Long, Long>, Tuple3<Long, Long, Long>> {
    private static final long serialVersionUID = 1L;

    private final long milliseconds;

    SlowToClose(long milliseconds) {
        this.milliseconds = milliseconds;
    }

    @Override
    public Tuple3<Long, Long, Long> map(Tuple3<Long, Long, Long> record) {
        return record;
    }

    @Override
    public void close() {
        long deadline = System.nanoTime() + milliseconds * 1_000_000;
        for (long left = milliseconds; left > 0; left = (deadline - System.nanoTime()) / 1_000_000) {
            try {
                Thread.sleep(left);
            } catch (InterruptedException e) {
                // ignoring it is what this operator is for
            }
        }
    }
}
