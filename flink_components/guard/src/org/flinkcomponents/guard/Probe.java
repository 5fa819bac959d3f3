package org.flinkcomponents.guard;

import java.util.LinkedHashMap;
import java.util.Map;

/** The question whether a directory is writable from here: {@code flink-components/probe}. */
final class Probe {
    final String id;
    final int revision;
    final String directory;

    private Probe(String id, int revision, String directory) {
        this.id = id;
        this.revision = revision;
        this.directory = directory;
    }

    /** Reads the annotation; null where there is none, or where it is answered already. */
    static Probe of(String annotation, String answer) {
        if (annotation == null) {
            return null;
        }
        Fields fields = new Fields(Lease.PROBE, Json.object(annotation));
        String id = fields.text("id");
        if (answer != null && id.equals(Json.object(answer).get("id"))) {
            return null;
        }
        return new Probe(id, fields.number("revision"), fields.text("directory"));
    }

    /** The annotation that answers; error is null where the directory is writable. */
    String answer(String error) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("id", id);
        fields.put("ok", error == null);
        if (error != null) {
            fields.put("error", error);
        }
        return Json.text(fields);
    }
}
