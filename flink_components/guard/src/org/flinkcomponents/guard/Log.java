package org.flinkcomponents.guard;

import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;

/** Lines for people in the log of the container, beside those of Flink. */
final class Log {
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss,SSS");

    private static String last;

    private Log() {}

    static void say(String text) {
        System.out.println(TIME.format(LocalDateTime.now()) + " guard " + text);
    }

    /** Says it unless it is what was said in this way before. */
    static synchronized void sayOnce(String text) {
        if (!text.equals(last)) {
            last = text;
            say(text);
        }
    }
}
