package org.flinkcomponents.examples.stateful;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Paths;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;
import org.apache.flink.types.CopyableValue;

/**
 * A state value that can't be written while a file exists; the heap state backend writes its
 * values in the asynchronous part of a checkpoint or savepoint.
 *
 * <p>The name of the file is not written: after a restore only what was set since is guarded.
 */
public final class Guarded implements CopyableValue<Guarded> {
    private static final long serialVersionUID = 1L;

    private String file;

    public Guarded() {
        this("");
    }

    Guarded(String file) {
        this.file = file;
    }

    @Override
    public void write(DataOutputView out) throws IOException {
        if (!file.isEmpty() && Files.exists(Paths.get(file))) {
            throw new IOException("this state can't be written while there is a file " + file);
        }
        out.writeByte(0);
    }

    @Override
    public void read(DataInputView in) throws IOException {
        in.readByte();
        file = "";
    }

    @Override
    public int getBinaryLength() {
        return 1;
    }

    @Override
    public void copyTo(Guarded target) {
        target.file = file;
    }

    @Override
    public Guarded copy() {
        return new Guarded(file);
    }

    @Override
    public void copy(DataInputView source, DataOutputView target) throws IOException {
        target.write(source, 1);
    }
}
