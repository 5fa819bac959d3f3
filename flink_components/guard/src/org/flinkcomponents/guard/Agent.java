package org.flinkcomponents.guard;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** Where the JVM of a JobManager begins: Flink's {@code main} runs once this has returned. */
public final class Agent {
    private Agent() {}

    /** Whatever goes wrong here ends the JVM: a Flink without its guard must not start. */
    public static void premain(String given) {
        try {
            guard(new Arguments(given), System.getenv());
        } catch (Throwable e) {
            Log.say("Flink is not started: " + Causes.root(e));
            Runtime.getRuntime().halt(1);
        }
    }

    private static void guard(Arguments arguments, Map<String, String> environment)
            throws IOException, InterruptedException, ReflectiveOperationException {
        String pod = environment.get("POD_UID");
        if (pod == null || pod.isEmpty()) {
            throw new IllegalArgumentException("POD_UID is not set");
        }
        checkThatFlinkReads(arguments.conf, System.getProperty("sun.java.command", ""));
        Settings settings = new Settings(arguments.conf);
        String restPort = settings.value("rest.port");
        ApiServer api =
                new ApiServer(
                        environment, arguments.account, arguments.namespace, arguments.lease);
        ClassPreloader preloader = new ClassPreloader();
        preloader.start();
        String nonce = UUID.randomUUID().toString();
        Go go = new Waiting(arguments, api, settings, pod, nonce, preloader).untilStart();
        preloader.finish();
        RestoreSettings.apply(go.attempt);
        OwnJob job = new OwnJob(restPort, go.attempt.jobId);
        new Watchdog(api, go, job, arguments).start();
    }

    /** Another folder would mean a job that starts empty, under an id that nobody knows. */
    private static void checkThatFlinkReads(Path conf, String command) throws IOException {
        List<String> words = Arrays.asList(command.split(" "));
        int option = words.indexOf("--configDir");
        if (option < 0 || option + 1 == words.size()) {
            return;
        }
        String read = words.get(option + 1);
        if (!Files.isSameFile(Paths.get(read), conf)) {
            throw new IllegalArgumentException(
                    "Flink reads its configuration from " + read + ", and conf is " + conf);
        }
    }
}
