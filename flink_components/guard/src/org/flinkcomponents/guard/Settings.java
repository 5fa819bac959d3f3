package org.flinkcomponents.guard;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The configuration that Flink's {@code main} reads: a writable folder with {@code flink-conf.yaml},
 * {@code config.yaml} or both, of flat keys.
 */
final class Settings {
    private static final String LEGACY = "flink-conf.yaml";
    private static final List<String> FILES = Arrays.asList(LEGACY, "config.yaml");
    private static final String JOB_ID = "$internal.pipeline.job-id";
    // The old names, which every version reads; a new one beside it would win, and is taken out.
    private static final String PATH = "execution.savepoint.path";
    private static final String NEW_PATH = "execution.state-recovery.path";
    private static final String CLAIM_MODE = "execution.savepoint-restore-mode";
    private static final String NEW_CLAIM_MODE = "execution.state-recovery.claim-mode";
    private static final List<String> OURS =
            Arrays.asList(JOB_ID, PATH, NEW_PATH, CLAIM_MODE, NEW_CLAIM_MODE);

    private final Path folder;

    Settings(Path folder) {
        this.folder = folder;
    }

    Path folder() {
        return folder;
    }

    /** Writes what the job runs as and starts from, in place of what an earlier start wrote. */
    void write(Attempt attempt) throws IOException {
        Map<String, String> ours = new LinkedHashMap<>();
        ours.put(JOB_ID, attempt.jobId);
        if (attempt.restore != null) {
            ours.put(PATH, attempt.restore);
            ours.put(CLAIM_MODE, attempt.claimMode);
        }
        for (Path file : files()) {
            List<String> lines = new ArrayList<>(Files.readAllLines(file, StandardCharsets.UTF_8));
            lines.removeIf(line -> OURS.contains(key(line)));
            for (Map.Entry<String, String> option : ours.entrySet()) {
                lines.add(option.getKey() + ": " + inFile(file, option.getValue()));
            }
            Path made = Files.createTempFile(folder, "guard", ".tmp");
            Files.write(made, lines, StandardCharsets.UTF_8);
            Files.move(made, file, StandardCopyOption.ATOMIC_MOVE);
        }
    }

    /** The value of a flat key, or null. */
    String value(String key) throws IOException {
        String value = null;
        for (Path file : files()) {
            for (String line : Files.readAllLines(file, StandardCharsets.UTF_8)) {
                if (key.equals(key(line))) {
                    value = line.substring(line.indexOf(':') + 1).trim();
                }
            }
        }
        return value;
    }

    private List<Path> files() throws IOException {
        List<Path> files = new ArrayList<>();
        for (String name : FILES) {
            if (Files.isRegularFile(folder.resolve(name))) {
                files.add(folder.resolve(name));
            }
        }
        if (files.isEmpty()) {
            throw new IOException("there is neither of " + FILES + " in " + folder);
        }
        return files;
    }

    private static String key(String line) {
        int colon = line.indexOf(':');
        return colon < 0 ? "" : line.substring(0, colon);
    }

    private static String inFile(Path file, String value) throws IOException {
        if (!file.endsWith(LEGACY)) {
            return Json.text(value);
        }
        if (value.contains("#")) {
            throw new IOException(value + " has a #, which " + LEGACY + " takes as a comment");
        }
        return value;
    }
}
