package org.flinkcomponents.guard;

import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.HashMap;
import java.util.Map;

/**
 * The arguments of the agent, as {@code name=value,name=value}.
 *
 * <p>Needed: {@code namespace} and {@code lease} of the ledger, {@code revision} of this JobManager,
 * {@code conf}: the writable folder that Flink reads its configuration from. Otherwise by default:
 * {@code account}, {@code poll-ms}, {@code quick-poll-ms} (while the lock is held), {@code watch-ms}
 * (once Flink runs), {@code storage-ms} (for an answer of a storage), {@code search-again-ms} (for
 * a savepoint that was not there), {@code linger-ms} (before a JobManager whose job has ended starts
 * again, which would take time from the one that is starting).
 */
final class Arguments {
    final String namespace;
    final String lease;
    final int revision;
    final Path conf;
    final Path account;
    final long pollMillis;
    final long quickPollMillis;
    final long watchMillis;
    final long storageMillis;
    final long searchAgainMillis;
    final long lingerMillis;

    /** Throws IllegalArgumentException for what is missing or unknown. */
    Arguments(String given) {
        Map<String, String> values = split(given);
        namespace = needed(values, "namespace");
        lease = needed(values, "lease");
        revision = Integer.parseInt(needed(values, "revision"));
        conf = Paths.get(needed(values, "conf"));
        String account = values.remove("account");
        String mounted = "/var/run/secrets/kubernetes.io/serviceaccount";
        this.account = Paths.get(account == null ? mounted : account);
        pollMillis = millis(values, "poll-ms", 2_000);
        quickPollMillis = millis(values, "quick-poll-ms", 250);
        watchMillis = millis(values, "watch-ms", 2_000);
        storageMillis = millis(values, "storage-ms", 60_000);
        searchAgainMillis = millis(values, "search-again-ms", 10_000);
        lingerMillis = millis(values, "linger-ms", 60_000);
        if (!values.isEmpty()) {
            throw new IllegalArgumentException("unknown agent arguments " + values.keySet());
        }
    }

    private static Map<String, String> split(String given) {
        Map<String, String> values = new HashMap<>();
        for (String one : (given == null ? "" : given).split(",")) {
            int sign = one.indexOf('=');
            if (sign > 0) {
                values.put(one.substring(0, sign), one.substring(sign + 1));
            }
        }
        return values;
    }

    private static String needed(Map<String, String> values, String name) {
        String value = values.remove(name);
        if (value == null || value.isEmpty()) {
            throw new IllegalArgumentException("the agent argument " + name + " is missing");
        }
        return value;
    }

    private static long millis(Map<String, String> values, String name, long byDefault) {
        String value = values.remove(name);
        return value == null ? byDefault : Long.parseLong(value);
    }
}
