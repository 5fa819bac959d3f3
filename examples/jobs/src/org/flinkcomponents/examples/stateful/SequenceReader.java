package org.flinkcomponents.examples.stateful;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.apache.flink.api.connector.source.ReaderOutput;
import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.core.io.InputStatus;

/** Emits the numbers of its splits in turn; when it is ahead of its rate it sleeps off-thread. */
final class SequenceReader implements SourceReader<Long, SequenceSplit> {
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);
    private static final long SHORTEST_SLEEP = TimeUnit.MILLISECONDS.toNanos(1);

    private final long perSecond;
    private final long end;
    private final Deque<SequenceSplit> splits = new ArrayDeque<>();
    private ScheduledExecutorService timer;
    private CompletableFuture<Void> available = new CompletableFuture<>();
    private boolean noMoreSplits;
    private long nextDue;

    SequenceReader(long perSecond, long end) {
        this.perSecond = perSecond;
        this.end = end;
    }

    @Override
    public void start() {
        timer =
                Executors.newSingleThreadScheduledExecutor(
                        task -> {
                            Thread thread = new Thread(task, "sequence-timer");
                            thread.setDaemon(true);
                            return thread;
                        });
    }

    @Override
    public InputStatus pollNext(ReaderOutput<Long> output) {
        if (splits.isEmpty()) {
            available = new CompletableFuture<>();
            if (!noMoreSplits) {
                return InputStatus.NOTHING_AVAILABLE;
            }
            available.complete(null);
            return InputStatus.END_OF_INPUT;
        }
        if (perSecond > 0 && !isDue()) {
            return InputStatus.NOTHING_AVAILABLE;
        }
        SequenceSplit split = splits.poll();
        if (end == 0 || split.next < end) {
            output.collect(split.next);
            splits.add(split.advanced());
        }
        return InputStatus.MORE_AVAILABLE;
    }

    private boolean isDue() {
        long now = System.nanoTime();
        long wait = nextDue - now;
        if (wait > 0) {
            CompletableFuture<Void> awake = new CompletableFuture<>();
            long sleep = Math.max(wait, SHORTEST_SLEEP);
            timer.schedule(() -> awake.complete(null), sleep, TimeUnit.NANOSECONDS);
            available = awake;
            return false;
        }
        // after a pause (a slow sink, a long checkpoint) at most one second is made up for
        nextDue = Math.max(nextDue, now - SECOND) + SECOND * Sequence.SPLITS / perSecond / splits.size();
        return true;
    }

    @Override
    public List<SequenceSplit> snapshotState(long checkpointId) {
        return new ArrayList<>(splits);
    }

    @Override
    public CompletableFuture<Void> isAvailable() {
        return available;
    }

    @Override
    public void addSplits(List<SequenceSplit> added) {
        splits.addAll(added);
        nextDue = System.nanoTime();
        available.complete(null);
    }

    @Override
    public void notifyNoMoreSplits() {
        noMoreSplits = true;
        available.complete(null);
    }

    @Override
    public void close() {
        if (timer != null) {
            timer.shutdownNow();
        }
    }
}
