package org.flinkcomponents.guard;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;

/** Which JVM runs an attempt: the annotation {@code flink-components/claim}. */
final class Claim {
    final int attempt;
    /** Of the start of the JVM. */
    final String nonce;

    private Claim(int attempt, String nonce) {
        this.attempt = attempt;
        this.nonce = nonce;
    }

    /** Reads the annotation; null where there is none. */
    static Claim of(String annotation) {
        if (annotation == null) {
            return null;
        }
        Fields fields = new Fields(Lease.CLAIM, Json.object(annotation));
        return new Claim(fields.number("attempt"), fields.text("nonce"));
    }

    /** The annotation that claims an attempt; tookBack is null where it was told to go. */
    static String annotation(Go go, String pod, String nonce, String tookBack) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("attempt", go.attempt.number);
        fields.put("revision", go.revision);
        fields.put("pod", pod);
        fields.put("nonce", nonce);
        fields.put("at", Instant.now().toString());
        if (tookBack != null) {
            fields.put("tookBack", tookBack);
        }
        return Json.text(fields);
    }
}
