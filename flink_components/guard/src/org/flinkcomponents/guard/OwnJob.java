package org.flinkcomponents.guard;

import java.io.IOException;
import java.net.HttpURLConnection;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/** The job of this JobManager, by its own REST API on this machine. */
final class OwnJob {
    private static final List<String> ENDED = Arrays.asList("FINISHED", "CANCELED", "FAILED");

    private final String url;
    private final String jobId;

    OwnJob(String port, String jobId) {
        url = "http://127.0.0.1:" + (port == null ? "8081" : port) + "/jobs/overview";
        this.jobId = jobId;
    }

    /** Whether it is known to have ended with a savepoint, or by itself. */
    boolean isFinished() {
        return "FINISHED".equals(state());
    }

    /** Whether it is known to have ended, however that was: nothing of it runs, nor will. */
    boolean hasEnded() {
        return ENDED.contains(state());
    }

    /** "" where it is not known. */
    private String state() {
        try {
            HttpURLConnection call = Http.open(url);
            Map<String, Object> overview = Json.object(Http.body(call));
            Object jobs = overview.get("jobs");
            for (Object job : jobs instanceof List ? (List<?>) jobs : Collections.emptyList()) {
                Map<String, Object> fields = Json.asObject(job);
                if (jobId.equals(fields.get("jid"))) {
                    return String.valueOf(fields.get("state"));
                }
            }
            return "";
        } catch (IOException | IllegalArgumentException e) {
            return "";
        }
    }
}
