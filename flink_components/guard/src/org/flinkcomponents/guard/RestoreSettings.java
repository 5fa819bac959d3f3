package org.flinkcomponents.guard;

import java.lang.reflect.Field;
import java.lang.reflect.Modifier;

/**
 * How Flink restores: what it reads from its command line alone.
 *
 * <p>The path comes from its files. For the rest, one object stands for a command line that names no
 * snapshot, and what it says wins over the files: so it is made to say what is wanted, before Flink
 * starts. Its two fields, a flag and an enum, have had their types since 1.15, and other names.
 */
final class RestoreSettings {
    private static final String TYPE = "org.apache.flink.runtime.jobgraph.SavepointRestoreSettings";

    private RestoreSettings() {}

    /** Throws where this Flink is another one: it must not start otherwise than it was told. */
    static void apply(Attempt attempt) throws ReflectiveOperationException {
        if (attempt.startsAsByDefault()) {
            return;
        }
        Class<?> type = Class.forName(TYPE, true, ClassLoader.getSystemClassLoader());
        Object settings = type.getMethod("none").invoke(null);
        int set = 0;
        for (Field field : type.getDeclaredFields()) {
            boolean own = !Modifier.isStatic(field.getModifiers());
            if (own && field.getType() == boolean.class) {
                field.setAccessible(true);
                field.setBoolean(settings, attempt.mayLose);
                set++;
            } else if (own && field.getType().isEnum()) {
                field.setAccessible(true);
                field.set(settings, constant(field.getType(), attempt.claimMode));
                set++;
            }
        }
        if (set != 2) {
            throw new ReflectiveOperationException(TYPE + " is not as it was up to Flink 2.3");
        }
    }

    private static Object constant(Class<?> type, String name) throws ReflectiveOperationException {
        for (Object constant : type.getEnumConstants()) {
            if (((Enum<?>) constant).name().equals(name)) {
                return constant;
            }
        }
        throw new ReflectiveOperationException(name + " is no " + type.getName());
    }
}
