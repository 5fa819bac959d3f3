package org.flinkcomponents.examples.stateful;

import java.util.ArrayList;
import java.util.List;
import org.apache.flink.api.connector.source.Boundedness;
import org.apache.flink.api.connector.source.Source;
import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.api.connector.source.SplitEnumerator;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.apache.flink.core.io.SimpleVersionedSerializer;

/**
 * Emits every number from 0 on exactly once, at a steady rate, and continues from its state.
 *
 * <p>The numbers are divided into {@link #SPLITS} splits by their remainder, whatever the
 * parallelism, so that a restore can hand them to any number of readers.
 */
public final class Sequence implements Source<Long, SequenceSplit, List<SequenceSplit>> {
    public static final int SPLITS = 4;
    private static final long serialVersionUID = 1L;

    private final long perSecond;
    private final long end;

    /** Rate in numbers a second over all readers, 0: no limit. Ends before {@code end}, 0: never. */
    public Sequence(long perSecond, long end) {
        this.perSecond = perSecond;
        this.end = end;
    }

    @Override
    public Boundedness getBoundedness() {
        return end > 0 ? Boundedness.BOUNDED : Boundedness.CONTINUOUS_UNBOUNDED;
    }

    @Override
    public SourceReader<Long, SequenceSplit> createReader(SourceReaderContext context) {
        return new SequenceReader(perSecond, end);
    }

    @Override
    public SplitEnumerator<SequenceSplit, List<SequenceSplit>> createEnumerator(
            SplitEnumeratorContext<SequenceSplit> context) {
        List<SequenceSplit> splits = new ArrayList<>();
        for (int remainder = 0; remainder < SPLITS; remainder++) {
            splits.add(new SequenceSplit(remainder, remainder));
        }
        return restoreEnumerator(context, splits);
    }

    @Override
    public SplitEnumerator<SequenceSplit, List<SequenceSplit>> restoreEnumerator(
            SplitEnumeratorContext<SequenceSplit> context, List<SequenceSplit> unassigned) {
        return new SequenceEnumerator(context, unassigned, end > 0);
    }

    @Override
    public SimpleVersionedSerializer<SequenceSplit> getSplitSerializer() {
        return new SequenceSplit.Serializer();
    }

    @Override
    public SimpleVersionedSerializer<List<SequenceSplit>> getEnumeratorCheckpointSerializer() {
        return new SequenceSplit.ListSerializer();
    }
}
