package org.flinkcomponents.guard;

import java.util.LinkedHashMap;
import java.util.Map;

/** The ledger of a job as it was read from the API server; a value. */
final class Lease {
    static final String GO = "flink-components/go";
    static final String CLAIM = "flink-components/claim";
    static final String PROBE = "flink-components/probe";
    static final String PROBED = "flink-components/probed";
    private static final long DEFAULT_SECONDS = 20;

    final Go go;
    final Claim claim;
    final Probe probe;
    /** Who holds the lock; empty: nobody. */
    final String holder;

    final String renewTime;
    final long leaseSeconds;
    private final String json;

    /** Throws IllegalArgumentException with what is wrong in it. */
    Lease(String json) {
        this.json = json;
        Map<String, Object> lease = Json.object(json);
        Fields annotations = new Fields("the Lease", annotations(lease));
        go = Go.of(annotations.textOrNull(GO));
        claim = Claim.of(annotations.textOrNull(CLAIM));
        probe = Probe.of(annotations.textOrNull(PROBE), annotations.textOrNull(PROBED));
        Fields spec = new Fields("the Lease's spec", Json.asObject(lease.get("spec")));
        String holding = spec.textOrNull("holderIdentity");
        holder = holding == null ? "" : holding;
        String renewed = spec.textOrNull("renewTime");
        renewTime = renewed == null ? "" : renewed;
        boolean given = Json.asObject(lease.get("spec")).get("leaseDurationSeconds") != null;
        leaseSeconds = given ? spec.number("leaseDurationSeconds") : DEFAULT_SECONDS;
    }

    /** The holder for people: its host, process and purpose, without its id. */
    String holding() {
        return holder.substring(holder.indexOf(' ') + 1);
    }

    /** The Lease as JSON with these annotations changed, under the resource version as read. */
    String with(Map<String, String> annotations, boolean freeLock) {
        Map<String, Object> lease = Json.object(json);
        annotations(lease).putAll(annotations);
        if (freeLock) {
            Json.asObject(lease.get("spec")).put("holderIdentity", "");
        }
        return Json.text(lease);
    }

    private static Map<String, Object> annotations(Map<String, Object> lease) {
        Object metadata = lease.get("metadata");
        if (!(metadata instanceof Map)) {
            throw new IllegalArgumentException("the Lease has no metadata");
        }
        Object annotations =
                Json.asObject(metadata)
                        .computeIfAbsent("annotations", name -> new LinkedHashMap<String, Object>());
        return Json.asObject(annotations);
    }
}
