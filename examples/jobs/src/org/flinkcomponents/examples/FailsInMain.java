package org.flinkcomponents.examples;

/** Fails before there is a job. */
public final class FailsInMain {
    private FailsInMain() {}

    public static void main(String[] args) {
        throw new IllegalStateException("this job always fails in main()");
    }
}
