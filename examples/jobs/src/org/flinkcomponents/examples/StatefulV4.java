package org.flinkcomponents.examples;

import org.flinkcomponents.examples.stateful.StatefulJob;

/** Changes the type of the state "count" from long to text. */
public final class StatefulV4 {
    private StatefulV4() {}

    public static void main(String[] args) throws Exception {
        new StatefulJob("v4").withTextState().run(args);
    }
}
