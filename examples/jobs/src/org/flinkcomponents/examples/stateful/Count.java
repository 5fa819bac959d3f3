package org.flinkcomponents.examples.stateful;

import java.util.Random;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.PrimitiveArrayTypeInfo;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple3;
import org.apache.flink.runtime.state.FunctionInitializationContext;
import org.apache.flink.runtime.state.FunctionSnapshotContext;
import org.apache.flink.streaming.api.checkpoint.CheckpointedFunction;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;

/** Counts the numbers of each key: (number, key, count of the key so far). */
final class Count extends KeyedProcessFunction<Long, Long, Tuple3<Long, Long, Long>>
        implements CheckpointedFunction {
    private static final long serialVersionUID = 1L;

    private final int paddingBytes;
    private final String unwritableWhile;
    private transient ValueState<Long> count;
    private transient ValueState<byte[]> padding;
    private transient ValueState<Guarded> guarded;

    /**
     * Keeps that many bytes of noise beside each key's count, to make the state larger, and where a
     * file is named a state that can't be written while it exists.
     */
    Count(int paddingBytes, String unwritableWhile) {
        this.paddingBytes = paddingBytes;
        this.unwritableWhile = unwritableWhile;
    }

    @Override
    public void initializeState(FunctionInitializationContext context) throws Exception {
        count =
                context.getKeyedStateStore()
                        .getState(new ValueStateDescriptor<>("count", Types.LONG));
        if (paddingBytes > 0) {
            padding =
                    context.getKeyedStateStore()
                            .getState(
                                    new ValueStateDescriptor<>(
                                            "padding",
                                            PrimitiveArrayTypeInfo.BYTE_PRIMITIVE_ARRAY_TYPE_INFO));
        }
        if (!unwritableWhile.isEmpty()) {
            guarded =
                    context.getKeyedStateStore()
                            .getState(
                                    new ValueStateDescriptor<>(
                                            "guarded", Types.VALUE(Guarded.class)));
        }
    }

    @Override
    public void snapshotState(FunctionSnapshotContext context) {}

    @Override
    public void processElement(Long number, Context context, Collector<Tuple3<Long, Long, Long>> out)
            throws Exception {
        Long before = count.value();
        long now = before == null ? 1 : before + 1;
        count.update(now);
        if (padding != null && padding.value() == null) {
            byte[] noise = new byte[paddingBytes];
            new Random(context.getCurrentKey()).nextBytes(noise);
            padding.update(noise);
        }
        if (guarded != null) {
            guarded.update(new Guarded(unwritableWhile));
        }
        out.collect(Tuple3.of(number, context.getCurrentKey(), now));
    }
}
