package org.flinkcomponents.graph;

import java.io.File;
import java.lang.reflect.Method;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Runs the main method of a job up to its first execute, as Flink's own plan does, and writes the
 * operators of its graph as JSON; nothing is submitted.
 *
 * <p>Arguments: the file to write, the jar, the main class ("" for that of the manifest), the
 * parallelism, a file of the job's options (URL-encoded, one a line), then the job's own arguments.
 * Exit status 0: written; 1: the job can't be read, and the file holds why.
 *
 * <p>Flink's classes are reached by name: so one class file, which needs none of them to be
 * compiled, serves every version of Flink.
 */
public final class GraphDriver {
    private static final int OPTIONS = 5;
    private static final String CLIENT = "org.apache.flink.client.program.";

    private GraphDriver() {}

    public static void main(String[] args) throws Exception {
        int status = 0;
        String written;
        try {
            written = Json.write(graph(args));
        } catch (Throwable problem) {
            status = 1;
            written = Json.write(Collections.singletonMap("problem", innermost(problem)));
        }
        Files.write(Paths.get(args[0]), written.getBytes(StandardCharsets.UTF_8));
        // a job may have started threads of its own
        Runtime.getRuntime().halt(status);
    }

    private static Map<String, Object> graph(String[] args) throws Exception {
        Object configuration = configuration(args[4]);
        Object program = program(args, configuration);
        try {
            Thread.currentThread()
                    .setContextClassLoader((ClassLoader) call(program, "getUserCodeClassLoader"));
            Object pipeline =
                    callStatic(
                            CLIENT + "PackagedProgramUtils",
                            "getPipelineFromProgram",
                            program,
                            configuration,
                            Integer.parseInt(args[3]),
                            true);
            if (!pipeline.getClass().getSimpleName().equals("StreamGraph")) {
                throw new IllegalArgumentException(
                        "it is a DataSet program: only streaming jobs have state");
            }
            return described(pipeline);
        } finally {
            call(program, "close");
        }
    }

    private static Object configuration(String file) throws Exception {
        Class<?> type = Class.forName("org.apache.flink.configuration.Configuration");
        Map<String, String> options = new HashMap<>();
        for (String line : Files.readAllLines(Paths.get(file), StandardCharsets.UTF_8)) {
            String[] pair = line.split("=", 2);
            options.put(URLDecoder.decode(pair[0], "UTF-8"), URLDecoder.decode(pair[1], "UTF-8"));
        }
        return type.getMethod("fromMap", Map.class).invoke(null, options);
    }

    private static Object program(String[] args, Object configuration) throws Exception {
        String[] own = new String[args.length - OPTIONS];
        System.arraycopy(args, OPTIONS, own, 0, own.length);
        Object builder = callStatic(CLIENT + "PackagedProgram", "newBuilder");
        call(builder, "setJarFile", new File(args[1]));
        call(builder, "setEntryPointClassName", args[2].isEmpty() ? null : args[2]);
        call(builder, "setArguments", (Object) own);
        call(builder, "setConfiguration", configuration);
        return call(builder, "build");
    }

    private static Map<String, Object> described(Object graph) throws Exception {
        Map<?, ?> hashes =
                (Map<?, ?>)
                        call(
                                Class.forName(graph.getClass().getPackage().getName() + ".StreamGraphHasherV2")
                                        .getConstructor()
                                        .newInstance(),
                                "traverseStreamGraphAndGenerateHashes",
                                graph);
        Map<String, Object> vertices = vertices(call(graph, "getJobGraph"));
        Map<Object, Object> nodes = new TreeMap<>();
        for (Object node : (Collection<?>) call(graph, "getStreamNodes")) {
            nodes.put(call(node, "getId"), node);
        }
        List<Object> operators = new ArrayList<>();
        for (Object node : nodes.values()) {
            operators.add(operator(node, hashes, vertices));
        }
        Map<String, Object> described = new LinkedHashMap<>();
        Object backend = call(graph, "getStateBackend");
        described.put("state_backend", backend == null ? null : backend.getClass().getSimpleName());
        described.put("operators", operators);
        return described;
    }

    /** The vertex of each operator, by the operator's id. */
    private static Map<String, Object> vertices(Object jobGraph) throws Exception {
        Map<String, Object> vertices = new HashMap<>();
        for (Object vertex : (Iterable<?>) call(jobGraph, "getVertices")) {
            for (Object pair : (Iterable<?>) call(vertex, "getOperatorIDs")) {
                vertices.put(call(pair, "getGeneratedOperatorID").toString(), vertex);
            }
        }
        return vertices;
    }

    private static Map<String, Object> operator(
            Object node, Map<?, ?> hashes, Map<String, Object> vertices) throws Exception {
        String id = hex(hashes.get(call(node, "getId")));
        Object vertex = vertices.get(id);
        int highest = (Integer) call(vertex, "getMaxParallelism");
        List<Object> inputs = new ArrayList<>();
        for (Object edge : (Iterable<?>) call(node, "getInEdges")) {
            inputs.add(hex(hashes.get(call(edge, "getSourceId"))));
        }
        Object uid = call(node, "getTransformationUID");
        Object hash = call(node, "getUserHash");
        Map<String, Object> operator = new LinkedHashMap<>();
        operator.put("id", id);
        operator.put("name", call(node, "getOperatorName"));
        operator.put("parallelism", call(vertex, "getParallelism"));
        operator.put("max_parallelism", highest > 0 ? highest : null);
        operator.put("uid", uid);
        operator.put("uid_hash", hash == null ? null : hash.toString().toLowerCase(Locale.ROOT));
        operator.put("generated", uid == null);
        operator.put("inputs", inputs);
        operator.put("head", call(vertex, "getID").toString());
        return operator;
    }

    private static String hex(Object bytes) {
        StringBuilder text = new StringBuilder();
        for (byte b : (byte[]) bytes) {
            text.append(String.format("%02x", b));
        }
        return text.toString();
    }

    private static Object call(Object target, String name, Object... args) throws Exception {
        return method(target.getClass(), name, args.length).invoke(target, args);
    }

    private static Object callStatic(String type, String name, Object... args) throws Exception {
        return method(Class.forName(type), name, args.length).invoke(null, args);
    }

    /** Flink has no two methods of one name and number of arguments among those called here. */
    private static Method method(Class<?> type, String name, int arguments)
            throws NoSuchMethodException {
        for (Class<?> c = type; c != null; c = c.getSuperclass()) {
            for (Method method : c.getDeclaredMethods()) {
                if (method.getName().equals(name) && method.getParameterCount() == arguments) {
                    method.setAccessible(true);
                    return method;
                }
            }
        }
        throw new NoSuchMethodException(
                type.getName() + "." + name + " is not there in this version of Flink");
    }

    private static String innermost(Throwable problem) {
        Throwable cause = problem;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        String said = Optional.ofNullable(cause.getMessage()).orElse("no reason given");
        return cause.getClass().getSimpleName() + ": " + said;
    }
}
