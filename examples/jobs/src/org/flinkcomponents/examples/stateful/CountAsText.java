package org.flinkcomponents.examples.stateful;

import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple3;
import org.apache.flink.runtime.state.FunctionInitializationContext;
import org.apache.flink.runtime.state.FunctionSnapshotContext;
import org.apache.flink.streaming.api.checkpoint.CheckpointedFunction;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;

/** As {@link Count}, but its state of the same name is a text: no savepoint of Count fits. */
final class CountAsText extends KeyedProcessFunction<Long, Long, Tuple3<Long, Long, Long>>
        implements CheckpointedFunction {
    private static final long serialVersionUID = 1L;

    private transient ValueState<String> count;

    @Override
    public void initializeState(FunctionInitializationContext context) throws Exception {
        count =
                context.getKeyedStateStore()
                        .getState(new ValueStateDescriptor<>("count", Types.STRING));
    }

    @Override
    public void snapshotState(FunctionSnapshotContext context) {}

    @Override
    public void processElement(Long number, Context context, Collector<Tuple3<Long, Long, Long>> out)
            throws Exception {
        String before = count.value();
        long now = before == null ? 1 : Long.parseLong(before) + 1;
        count.update(Long.toString(now));
        out.collect(Tuple3.of(number, context.getCurrentKey(), now));
    }
}
