package org.flinkcomponents.examples.stateful;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.apache.flink.api.connector.source.SplitEnumerator;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;

/** Gives each reader its share of the splits when it registers. */
final class SequenceEnumerator implements SplitEnumerator<SequenceSplit, List<SequenceSplit>> {
    private final SplitEnumeratorContext<SequenceSplit> context;
    private final List<SequenceSplit> unassigned;
    private final boolean bounded;

    SequenceEnumerator(
            SplitEnumeratorContext<SequenceSplit> context,
            List<SequenceSplit> unassigned,
            boolean bounded) {
        this.context = context;
        this.unassigned = new ArrayList<>(unassigned);
        this.bounded = bounded;
    }

    @Override
    public void start() {}

    @Override
    public void addReader(int subtask) {
        Iterator<SequenceSplit> splits = unassigned.iterator();
        while (splits.hasNext()) {
            SequenceSplit split = splits.next();
            if (split.remainder % context.currentParallelism() == subtask) {
                context.assignSplit(split, subtask);
                splits.remove();
            }
        }
        if (bounded) {
            context.signalNoMoreSplits(subtask);
        }
    }

    @Override
    public void handleSplitRequest(int subtask, String requesterHostname) {}

    @Override
    public void addSplitsBack(List<SequenceSplit> splits, int subtask) {
        unassigned.addAll(splits);
    }

    @Override
    public List<SequenceSplit> snapshotState(long checkpointId) {
        return new ArrayList<>(unassigned);
    }

    @Override
    public void close() {}
}
