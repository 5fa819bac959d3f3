package org.flinkcomponents.examples.stateful;

import static java.nio.file.StandardOpenOption.CREATE_NEW;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple3;
import org.apache.flink.runtime.state.StateInitializationContext;
import org.apache.flink.runtime.state.StateSnapshotContext;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.BoundedOneInput;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;

/**
 * Writes each record exactly once, by files that become visible with the checkpoint they are in.
 *
 * <p>Records go to a hidden file; a checkpoint closes it and keeps its name in the state; when the
 * checkpoint is complete the file is renamed to its visible name. After a restore the files named
 * in the state are made visible, and hidden ones that no state names never are. A file never
 * replaces another: the job fails instead.
 *
 * <p>A line is {@code number,key,count,milliseconds since 1970,version of the job}; a file is
 * {@code part-<run>-<attempt>-<subtask>-<n>.csv}, where run is the time at which main() ran, and n
 * counts on from the time at which the task began: a JobManager that takes a job over counts its
 * attempts from 0 again.
 *
 * <p>It is an operator because the sink interfaces of 1.13 and of 2.3 have nothing in common.
 */
final class CommittedFiles extends AbstractStreamOperator<Void>
        implements OneInputStreamOperator<Tuple3<Long, Long, Long>, Void>, BoundedOneInput {
    private static final long serialVersionUID = 1L;

    private final String directory;
    private final String version;
    private final long run;
    private final boolean checkpointed;

    private transient Path folder;
    private transient String prefix;
    private transient long nextFile;
    private transient Path hidden;
    private transient Writer writer;
    private transient TreeMap<Long, List<String>> pending;
    private transient ListState<String> pendingState;

    /** Without checkpoints ({@code checkpointed} false) the end of the input commits. */
    CommittedFiles(String directory, String version, long run, boolean checkpointed) {
        this.directory = directory;
        this.version = version;
        this.run = run;
        this.checkpointed = checkpointed;
    }

    @Override
    public void initializeState(StateInitializationContext context) throws Exception {
        super.initializeState(context);
        folder = Files.createDirectories(Paths.get(directory));
        TaskFacts facts = TaskFacts.of(getRuntimeContext());
        prefix = "part-" + run + "-" + facts.attempt + "-" + facts.subtask + "-";
        nextFile = System.currentTimeMillis();
        pending = new TreeMap<>();
        pendingState =
                context.getOperatorStateStore()
                        .getListState(new ListStateDescriptor<>("pending", Types.STRING));
        for (String name : pendingState.get()) {
            commit(name);
        }
    }

    @Override
    public void processElement(StreamRecord<Tuple3<Long, Long, Long>> element) throws IOException {
        if (writer == null) {
            hidden = folder.resolve("." + prefix + nextFile++ + ".csv");
            writer = Files.newBufferedWriter(hidden, StandardCharsets.UTF_8, CREATE_NEW);
        }
        Tuple3<Long, Long, Long> record = element.getValue();
        long now = System.currentTimeMillis();
        writer.write(
                record.f0 + "," + record.f1 + "," + record.f2 + "," + now + "," + version + "\n");
    }

    @Override
    public void snapshotState(StateSnapshotContext context) throws Exception {
        super.snapshotState(context);
        String closed = closeFile();
        if (closed != null) {
            pending.computeIfAbsent(context.getCheckpointId(), id -> new ArrayList<>()).add(closed);
        }
        List<String> names = new ArrayList<>();
        pending.values().forEach(names::addAll);
        pendingState.update(names);
    }

    @Override
    public void notifyCheckpointComplete(long checkpointId) throws Exception {
        super.notifyCheckpointComplete(checkpointId);
        Map<Long, List<String>> complete = pending.headMap(checkpointId, true);
        for (List<String> names : complete.values()) {
            names.forEach(this::commit);
        }
        complete.clear();
    }

    @Override
    public void endInput() throws IOException {
        String closed = checkpointed ? null : closeFile();
        if (closed != null) {
            commit(closed);
        }
    }

    @Override
    public void close() throws Exception {
        closeFile();
        super.close();
    }

    private String closeFile() throws IOException {
        if (writer == null) {
            return null;
        }
        writer.close();
        writer = null;
        return hidden.getFileName().toString().substring(1);
    }

    private void commit(String name) {
        Path from = folder.resolve("." + name);
        Path to = folder.resolve(name);
        try {
            if (Files.exists(from) && Files.exists(to)) {
                throw new FileAlreadyExistsException(from + " would replace output: " + to);
            } else if (Files.exists(from)) {
                Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
            } else if (!Files.exists(to)) {
                throw new FileNotFoundException("output is lost: neither " + from + " nor " + to);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
