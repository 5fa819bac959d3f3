package org.flinkcomponents.guard;

import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;

/** Work that may hang, such as a call to storage, on a daemon thread and with a limit. */
final class Background<T> {
    private final FutureTask<T> task;
    private final long limitMillis;
    private final long startedNanos = System.nanoTime();

    Background(String name, long limitMillis, Callable<T> work) {
        this.limitMillis = limitMillis;
        task = new FutureTask<>(work);
        Thread thread = new Thread(task, "flink-components-" + name);
        thread.setDaemon(true);
        thread.start();
    }

    /** Whether there is a result, or will not be one in time. */
    boolean isDone() {
        long age = System.nanoTime() - startedNanos;
        return task.isDone() || age > TimeUnit.MILLISECONDS.toNanos(limitMillis);
    }

    /** The result; throws the root cause in one line where there is none. */
    T result() throws Unreadable {
        if (!task.isDone()) {
            task.cancel(true);
            throw new Unreadable("no answer in " + limitMillis / 1000 + " s");
        }
        try {
            return task.get();
        } catch (ExecutionException e) {
            throw new Unreadable(Causes.root(e));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Unreadable(Causes.root(e));
        }
    }
}
