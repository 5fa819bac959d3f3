package org.flinkcomponents.examples.stateful;

import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.MapFunction;
import org.apache.flink.api.common.functions.ReduceFunction;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.functions.KeySelector;
import org.apache.flink.api.java.tuple.Tuple3;
import org.apache.flink.streaming.api.datastream.SingleOutputStreamOperator;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/**
 * Numbers, counted by key, written to files exactly once: {@code source, count, largest, sink}.
 *
 * <p>A version of the job is this with some of the switches below. Arguments: {@code --output DIR}
 * and optional {@code --rate N} (numbers a second, default 100, 0: no limit), {@code --keys N}
 * (default 10), {@code --end N} (emit 0 to N-1 and finish), {@code --checkpoint-interval MS} (default:
 * as the cluster is configured), {@code --state-bytes N} (for each key, default 0), {@code
 * --unwritable-while FILE} (no checkpoint can be written while it exists), {@code --name TEXT} (of
 * the job), {@code --fail-after-ms}, {@code --fail-when FILE} (it exists) and {@code
 * --cancel-delay-ms} for the jobs that do so.
 */
public final class StatefulJob {
    private static final TypeInformation<Tuple3<Long, Long, Long>> RECORD =
            Types.TUPLE(Types.LONG, Types.LONG, Types.LONG);

    private final String version;
    private boolean uids = true;
    private boolean largest = true;
    private boolean total;
    private boolean textState;
    private boolean fails;
    private boolean slowToClose;

    public StatefulJob(String version) {
        this.version = version;
    }

    public StatefulJob withTotal() {
        total = true;
        return this;
    }

    public StatefulJob withoutLargest() {
        largest = false;
        return this;
    }

    public StatefulJob withTextState() {
        textState = true;
        return this;
    }

    public StatefulJob withoutUids() {
        uids = false;
        return this;
    }

    public StatefulJob thatFails() {
        fails = true;
        return this;
    }

    public StatefulJob thatIsSlowToClose() {
        slowToClose = true;
        return this;
    }

    public void run(String[] given) throws Exception {
        Arguments args = new Arguments(given);
        StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment();
        long interval = args.number("checkpoint-interval", 0);
        if (interval > 0) {
            env.enableCheckpointing(interval);
        }
        long keys = args.number("keys", 10);
        Sequence sequence = new Sequence(args.number("rate", 100), args.number("end", 0));
        SingleOutputStreamOperator<Long> numbers =
                named(
                        "source",
                        env.fromSource(
                                sequence, WatermarkStrategy.noWatermarks(), "source", Types.LONG));
        SingleOutputStreamOperator<Tuple3<Long, Long, Long>> records =
                named(
                        "count",
                        numbers.keyBy((KeySelector<Long, Long>) n -> n % keys, Types.LONG)
                                .process(
                                        textState
                                                ? new CountAsText()
                                                : new Count(
                                                        (int) args.number("state-bytes", 0),
                                                        args.text("unwritable-while", "")),
                                        RECORD));
        if (largest) {
            records = remember("largest", Math::max, records);
        }
        if (total) {
            records = remember("total", Long::sum, records);
        }
        if (fails) {
            long delay = args.number("fail-after-ms", 60_000);
            records = map("fail", new FailAfter(delay, args.text("fail-when", "")), records);
        }
        if (slowToClose) {
            long delay = args.number("cancel-delay-ms", 30_000);
            records = map("slow", new SlowToClose(delay), records);
        }
        CommittedFiles files =
                new CommittedFiles(
                        args.required("output"),
                        version,
                        System.currentTimeMillis(),
                        env.getCheckpointConfig().isCheckpointingEnabled());
        named("sink", records.transform("sink", Types.VOID, files));
        env.execute(args.text("name", "stateful-" + version));
    }

    private SingleOutputStreamOperator<Tuple3<Long, Long, Long>> remember(
            String name,
            ReduceFunction<Long> reduce,
            SingleOutputStreamOperator<Tuple3<Long, Long, Long>> records) {
        KeySelector<Tuple3<Long, Long, Long>, Long> key = record -> record.f1;
        return named(
                name,
                records.keyBy(key, Types.LONG).process(new Remember(name, reduce), RECORD));
    }

    private SingleOutputStreamOperator<Tuple3<Long, Long, Long>> map(
            String name,
            MapFunction<Tuple3<Long, Long, Long>, Tuple3<Long, Long, Long>> function,
            SingleOutputStreamOperator<Tuple3<Long, Long, Long>> records) {
        return named(name, records.map(function).returns(RECORD));
    }

    private <T> SingleOutputStreamOperator<T> named(
            String name, SingleOutputStreamOperator<T> operator) {
        return uids ? operator.name(name).uid("uid-" + name) : operator.name(name);
    }
}
