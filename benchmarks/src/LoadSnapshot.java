import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.DataInputStream;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import org.apache.flink.runtime.checkpoint.Checkpoints;

/** Loads the metadata of a directory {@code once}, or for each line of its input ({@code asked}). */
public final class LoadSnapshot {
    public static void main(String[] given) throws Exception {
        Path file = Paths.get(given[0]).resolve("_metadata");
        if (given[1].equals("once")) {
            load(file);
            return;
        }
        BufferedReader asked = new BufferedReader(new InputStreamReader(System.in));
        while (asked.readLine() != null) {
            long started = System.nanoTime();
            load(file);
            System.out.println(System.nanoTime() - started);
        }
    }

    private static void load(Path file) throws Exception {
        try (DataInputStream in =
                new DataInputStream(new BufferedInputStream(Files.newInputStream(file), 1 << 18))) {
            Checkpoints.loadCheckpointMetadata(
                    in, LoadSnapshot.class.getClassLoader(), file.getParent().toUri().toString());
        }
    }
}
