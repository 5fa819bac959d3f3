package org.flinkcomponents.examples.stateful;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.api.connector.source.SourceSplit;
import org.apache.flink.core.io.SimpleVersionedSerializer;

/** The numbers of one remainder, from {@code next} on. */
public final class SequenceSplit implements SourceSplit {
    private static final int BYTES = Integer.BYTES + Long.BYTES;

    final int remainder;
    final long next;

    SequenceSplit(int remainder, long next) {
        this.remainder = remainder;
        this.next = next;
    }

    SequenceSplit advanced() {
        return new SequenceSplit(remainder, next + Sequence.SPLITS);
    }

    @Override
    public String splitId() {
        return Integer.toString(remainder);
    }

    private void write(ByteBuffer buffer) {
        buffer.putInt(remainder).putLong(next);
    }

    private static SequenceSplit read(ByteBuffer buffer) {
        return new SequenceSplit(buffer.getInt(), buffer.getLong());
    }

    static final class Serializer implements SimpleVersionedSerializer<SequenceSplit> {
        @Override
        public int getVersion() {
            return 1;
        }

        @Override
        public byte[] serialize(SequenceSplit split) {
            ByteBuffer buffer = ByteBuffer.allocate(BYTES);
            split.write(buffer);
            return buffer.array();
        }

        @Override
        public SequenceSplit deserialize(int version, byte[] bytes) {
            return read(ByteBuffer.wrap(bytes));
        }
    }

    static final class ListSerializer implements SimpleVersionedSerializer<List<SequenceSplit>> {
        @Override
        public int getVersion() {
            return 1;
        }

        @Override
        public byte[] serialize(List<SequenceSplit> splits) {
            ByteBuffer buffer = ByteBuffer.allocate(BYTES * splits.size());
            for (SequenceSplit split : splits) {
                split.write(buffer);
            }
            return buffer.array();
        }

        @Override
        public List<SequenceSplit> deserialize(int version, byte[] bytes) {
            ByteBuffer buffer = ByteBuffer.wrap(bytes);
            List<SequenceSplit> splits = new ArrayList<>();
            while (buffer.hasRemaining()) {
                splits.add(read(buffer));
            }
            return splits;
        }
    }
}
