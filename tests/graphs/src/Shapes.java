import java.util.HashMap;
import java.util.Map;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.MapFunction;
import org.apache.flink.api.common.state.KeyedStateStore;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.functions.KeySelector;
import org.apache.flink.runtime.state.FunctionInitializationContext;
import org.apache.flink.runtime.state.FunctionSnapshotContext;
import org.apache.flink.streaming.api.checkpoint.CheckpointedFunction;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.datastream.KeyedStream;
import org.apache.flink.streaming.api.datastream.SingleOutputStreamOperator;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.streaming.api.functions.co.KeyedCoProcessFunction;
import org.apache.flink.util.Collector;
import org.flinkcomponents.examples.stateful.Sequence;

/**
 * A job whose graph is changed by arguments: two sources, a union, keyed state, a join, two chains.
 *
 * <p>Arguments are {@code name=value}: {@code uids=none}; {@code uid.OPERATOR}, {@code
 * hash.OPERATOR}, {@code max.OPERATOR}, {@code parallelism.OPERATOR}; {@code max} (of the job);
 * {@code chaining=off}; {@code without=total}; {@code extra=first|last}; {@code text=OPERATOR} (the
 * type of its state), {@code state.OPERATOR} (its name), {@code more.OPERATOR} (the name of another
 * one), {@code empty=OPERATOR} (none at all).
 */
public final class Shapes {
    private final Map<String, String> given = new HashMap<>();

    private Shapes(String[] args) {
        for (String arg : args) {
            given.put(arg.split("=")[0], arg.split("=")[1]);
        }
    }

    public static void main(String[] args) throws Exception {
        new Shapes(args).run();
    }

    private void run() throws Exception {
        StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment();
        if (given.containsKey("max")) {
            env.setMaxParallelism(Integer.parseInt(given.get("max")));
        }
        if (is("chaining", "off")) {
            env.disableOperatorChaining();
        }
        DataStream<Long> numbers = map("tag", source(env, "a").union(source(env, "b")));
        if (is("extra", "first")) {
            numbers = keep("extra", numbers);
        }
        DataStream<Long> count = keep("count", numbers);
        DataStream<Long> total = is("without", "total") ? count : keep("total", count);
        SingleOutputStreamOperator<Long> join =
                set("join", keyed(count).connect(keyed(total)).process(new Join()).returns(Types.LONG));
        SingleOutputStreamOperator<Long> tail = map("tail", map("plain", join)).startNewChain();
        if (is("extra", "last")) {
            keep("extra", tail);
        }
        env.execute("shapes");
    }

    private SingleOutputStreamOperator<Long> source(StreamExecutionEnvironment env, String name) {
        Sequence sequence = new Sequence(20, 0);
        return set(
                name,
                env.fromSource(sequence, WatermarkStrategy.noWatermarks(), name, Types.LONG));
    }

    private SingleOutputStreamOperator<Long> map(String name, DataStream<Long> before) {
        return set(name, before.map((MapFunction<Long, Long>) n -> n).returns(Types.LONG));
    }

    private SingleOutputStreamOperator<Long> keep(String name, DataStream<Long> before) {
        String state = is("empty", name) ? null : given.getOrDefault("state." + name, name);
        Keep function = new Keep(state, is("text", name), given.get("more." + name));
        return set(name, keyed(before).process(function).returns(Types.LONG));
    }

    private static KeyedStream<Long, Long> keyed(DataStream<Long> numbers) {
        return numbers.keyBy((KeySelector<Long, Long>) n -> n % 10, Types.LONG);
    }

    private SingleOutputStreamOperator<Long> set(
            String name, SingleOutputStreamOperator<Long> operator) {
        operator.name(name);
        if (!is("uids", "none")) {
            operator.uid(given.getOrDefault("uid." + name, name));
        }
        if (given.containsKey("hash." + name)) {
            operator.setUidHash(given.get("hash." + name));
        }
        if (given.containsKey("max." + name)) {
            operator.setMaxParallelism(Integer.parseInt(given.get("max." + name)));
        }
        if (given.containsKey("parallelism." + name)) {
            operator.setParallelism(Integer.parseInt(given.get("parallelism." + name)));
        }
        return operator;
    }

    private boolean is(String name, String value) {
        return value.equals(given.get(name));
    }

    private static final class Keep extends KeyedProcessFunction<Long, Long, Long>
            implements CheckpointedFunction {
        private final String name;
        private final boolean text;
        private final String more;
        private transient ValueState<Long> number;
        private transient ValueState<String> written;
        private transient ValueState<Long> another;

        Keep(String name, boolean text, String more) {
            this.name = name;
            this.text = text;
            this.more = more;
        }

        @Override
        public void initializeState(FunctionInitializationContext context) {
            KeyedStateStore store = context.getKeyedStateStore();
            if (name != null && text) {
                written = store.getState(new ValueStateDescriptor<>(name, Types.STRING));
            } else if (name != null) {
                number = store.getState(new ValueStateDescriptor<>(name, Types.LONG));
            }
            if (more != null) {
                another = store.getState(new ValueStateDescriptor<>(more, Types.LONG));
            }
        }

        @Override
        public void snapshotState(FunctionSnapshotContext context) {}

        @Override
        public void processElement(Long n, Context context, Collector<Long> out) throws Exception {
            if (written != null) {
                written.update(n.toString());
            }
            if (number != null) {
                number.update(n);
            }
            if (another != null) {
                another.update(n);
            }
            out.collect(n);
        }
    }

    private static final class Join extends KeyedCoProcessFunction<Long, Long, Long, Long>
            implements CheckpointedFunction {
        private transient ValueState<Long> last;

        @Override
        public void initializeState(FunctionInitializationContext context) {
            last =
                    context.getKeyedStateStore()
                            .getState(new ValueStateDescriptor<>("joined", Types.LONG));
        }

        @Override
        public void snapshotState(FunctionSnapshotContext context) {}

        @Override
        public void processElement1(Long n, Context context, Collector<Long> out) throws Exception {
            last.update(n);
            out.collect(n);
        }

        @Override
        public void processElement2(Long n, Context context, Collector<Long> out) throws Exception {
            last.update(n);
        }
    }
}
