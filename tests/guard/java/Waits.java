/** Stands for Flink: says that it runs, and ends with its standard input. */
public final class Waits {
    private Waits() {}

    public static void main(String[] args) throws Exception {
        System.out.println("main runs");
        while (System.in.read() >= 0) {}
    }
}
