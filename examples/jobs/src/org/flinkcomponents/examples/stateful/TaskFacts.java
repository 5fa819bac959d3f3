package org.flinkcomponents.examples.stateful;

import org.apache.flink.api.common.functions.RuntimeContext;

/** Which subtask and attempt this is; the methods that say so moved between 1.18 and 2.0. */
final class TaskFacts {
    final int subtask;
    final int attempt;

    private TaskFacts(int subtask, int attempt) {
        this.subtask = subtask;
        this.attempt = attempt;
    }

    static TaskFacts of(RuntimeContext context) throws ReflectiveOperationException {
        Class<?> type = RuntimeContext.class;
        Object holder = context;
        try {
            holder = type.getMethod("getTaskInfo").invoke(context);
            type = type.getMethod("getTaskInfo").getReturnType();
        } catch (NoSuchMethodException e) {
            holder = context;
        }
        return new TaskFacts(
                (int) type.getMethod("getIndexOfThisSubtask").invoke(holder),
                (int) type.getMethod("getAttemptNumber").invoke(holder));
    }
}
