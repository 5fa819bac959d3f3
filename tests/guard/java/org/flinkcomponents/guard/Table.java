package org.flinkcomponents.guard;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Answers what the guard and the watchdog decide: a JSON object a line, in and out. */
public final class Table {
    private Table() {}

    public static void main(String[] args) throws Exception {
        BufferedReader lines =
                new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(System.out, true, "UTF-8");
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            out.println(Json.text(answer(Json.object(line))));
        }
    }

    private static Map<String, Object> answer(Map<String, Object> asked) {
        Map<String, Object> answer = new LinkedHashMap<>();
        try {
            if (asked.containsKey("json")) {
                answer.put("json", Json.text(Json.object((String) asked.get("json"))));
                return answer;
            }
            if (asked.containsKey("looks")) {
                answer.put("states", states((List<?>) asked.get("looks")));
                return answer;
            }
            Lease lease = new Lease((String) asked.get("lease"));
            Lock.State lock = Lock.State.valueOf((String) asked.get("lock"));
            if (asked.containsKey("started")) {
                Go started = Go.of((String) asked.get("started"));
                answer.put("verdict", Verdict.on(lease, lock, started).name());
                return answer;
            }
            Decision decision = new Guard(7, "ours").decide(lease, lock, found(asked));
            answer.put("kind", decision.kind.name());
            answer.put("reason", decision.reason);
            answer.put("go", decision.go == null ? null : Json.object(decision.go.annotation()));
        } catch (IllegalArgumentException e) {
            answer.put("error", e.getMessage());
        }
        return answer;
    }

    /** What one lock is seen as: each look is a Lease or null (unreadable), and a time. */
    private static List<Object> states(List<?> looks) {
        Lock lock = new Lock();
        List<Object> states = new ArrayList<>();
        for (Object look : looks) {
            Object lease = ((List<?>) look).get(0);
            if (lease == null) {
                lock.unseen();
                states.add(null);
            } else {
                long millis = ((BigDecimal) ((List<?>) look).get(1)).longValueExact();
                states.add(lock.look(new Lease((String) lease), millis).name());
            }
        }
        return states;
    }

    private static Found found(Map<String, Object> asked) {
        Object savepoint = asked.get("found");
        if (savepoint == null) {
            return null;
        }
        if (savepoint.equals("problem")) {
            return Found.unknown("s3://b/d/ can't be listed: no such bucket");
        }
        return savepoint.equals("")
                ? Found.complete("s3://b/d/", Collections.<String>emptyList())
                : Found.complete("s3://b/d/", Collections.singletonList((String) savepoint));
    }
}
