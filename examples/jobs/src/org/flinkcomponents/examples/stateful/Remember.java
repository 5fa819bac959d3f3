package org.flinkcomponents.examples.stateful;

import org.apache.flink.api.common.functions.ReduceFunction;
import org.apache.flink.api.common.state.ReducingState;
import org.apache.flink.api.common.state.ReducingStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple3;
import org.apache.flink.runtime.state.FunctionInitializationContext;
import org.apache.flink.runtime.state.FunctionSnapshotContext;
import org.apache.flink.streaming.api.checkpoint.CheckpointedFunction;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;

/** Passes on what it gets, and keeps one number for each key in a state of the given name. */
final class Remember
        extends KeyedProcessFunction<Long, Tuple3<Long, Long, Long>, Tuple3<Long, Long, Long>>
        implements CheckpointedFunction {
    private static final long serialVersionUID = 1L;

    private final String stateName;
    private final ReduceFunction<Long> reduce;
    private transient ReducingState<Long> state;

    Remember(String stateName, ReduceFunction<Long> reduce) {
        this.stateName = stateName;
        this.reduce = reduce;
    }

    @Override
    public void initializeState(FunctionInitializationContext context) throws Exception {
        state =
                context.getKeyedStateStore()
                        .getReducingState(
                                new ReducingStateDescriptor<>(stateName, reduce, Types.LONG));
    }

    @Override
    public void snapshotState(FunctionSnapshotContext context) {}

    @Override
    public void processElement(
            Tuple3<Long, Long, Long> record,
            Context context,
            Collector<Tuple3<Long, Long, Long>> out)
            throws Exception {
        state.add(record.f0);
        out.collect(record);
    }
}
