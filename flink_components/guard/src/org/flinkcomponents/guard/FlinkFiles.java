package org.flinkcomponents.guard;

import java.io.File;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.reflect.Array;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Files as Flink sees them: by its own {@code FileSystem}, its configuration and its plugins.
 *
 * <p>Flink's classes are loaded once more, by a class loader of our own, so that nothing that they
 * keep (the file systems, their credentials, their logging) is there when Flink starts.
 */
final class FlinkFiles implements AutoCloseable {
    private static final String METADATA = "_metadata";
    /** Flink makes a folder of its own in the directory that it is given. */
    private static final int DEPTH = 2;

    private final URLClassLoader loader;
    private final ClassLoader before = Thread.currentThread().getContextClassLoader();
    private final Class<?> path;
    private final Class<?> fileSystem;

    /** For this thread, until it is closed. settings: the folder of Flink's configuration. */
    FlinkFiles(Settings settings) throws Exception {
        loader = new URLClassLoader(classPath(), ClassLoader.getSystemClassLoader().getParent());
        Thread.currentThread().setContextClassLoader(loader);
        path = loader.loadClass("org.apache.flink.core.fs.Path");
        fileSystem = loader.loadClass("org.apache.flink.core.fs.FileSystem");
        initialize(settings);
    }

    /** The savepoints below a directory; one that does not exist has none. */
    List<String> savepoints(String directory) throws Exception {
        List<String> found = new ArrayList<>();
        collect(directory.replaceAll("/+$", ""), DEPTH, found);
        return found;
    }

    /** Writes, reads and deletes a small file in a directory, which is made if need be. */
    void proveWritable(String directory, String name) throws Exception {
        String file = directory.replaceAll("/+$", "") + "/" + name;
        byte[] content = name.getBytes("US-ASCII");
        Class<?> mode = loader.loadClass("org.apache.flink.core.fs.FileSystem$WriteMode");
        Object overwrite = mode.getField("OVERWRITE").get(null);
        Method create = fileSystem.getMethod("create", path, mode);
        try (OutputStream out = (OutputStream) invoke(create, at(file), to(file), overwrite)) {
            out.write(content);
        }
        try (InputStream in = open(file)) {
            byte[] read = new byte[content.length];
            if (in.read(read) != read.length || !Arrays.equals(read, content)) {
                throw new IOException(file + " was written, and reads otherwise");
            }
        } finally {
            Method delete = fileSystem.getMethod("delete", path, boolean.class);
            invoke(delete, at(file), to(file), false);
        }
    }

    InputStream open(String file) throws Exception {
        return (InputStream) invoke(fileSystem.getMethod("open", path), at(file), to(file));
    }

    @Override
    public void close() throws IOException {
        Thread.currentThread().setContextClassLoader(before);
        loader.close();
    }

    /** What a JobManager does before it opens its first file. */
    private void initialize(Settings settings) throws Exception {
        Class<?> configuration = loader.loadClass("org.apache.flink.configuration.Configuration");
        Class<?> global = loader.loadClass("org.apache.flink.configuration.GlobalConfiguration");
        Object options =
                invoke(
                        global.getMethod("loadConfiguration", String.class),
                        null,
                        settings.folder().toString());
        Class<?> plugins = loader.loadClass("org.apache.flink.core.plugin.PluginUtils");
        Method load = plugins.getMethod("createPluginManagerFromRootFolder", configuration);
        Class<?> manager = loader.loadClass("org.apache.flink.core.plugin.PluginManager");
        Method initialize = fileSystem.getMethod("initialize", configuration, manager);
        invoke(initialize, null, options, invoke(load, null, options));
    }

    private void collect(String directory, int depth, List<String> found) throws Exception {
        Object entries = list(directory);
        for (int i = 0; entries != null && i < Array.getLength(entries); i++) {
            Object entry = Array.get(entries, i);
            Class<?> status = loader.loadClass("org.apache.flink.core.fs.FileStatus");
            Object where = invoke(status.getMethod("getPath"), entry);
            String name = (String) invoke(path.getMethod("getName"), where);
            if ((boolean) invoke(status.getMethod("isDir"), entry)) {
                if (depth > 1) {
                    collect(directory + "/" + name, depth - 1, found);
                }
            } else if (name.equals(METADATA)) {
                found.add(directory);
            }
        }
    }

    private Object list(String directory) throws Exception {
        try {
            Method list = fileSystem.getMethod("listStatus", path);
            return invoke(list, at(directory), to(directory));
        } catch (FileNotFoundException e) {
            return null;
        }
    }

    private Object at(String file) throws Exception {
        return invoke(path.getMethod("getFileSystem"), to(file));
    }

    private Object to(String file) throws Exception {
        return path.getConstructor(String.class).newInstance(file);
    }

    private static Object invoke(Method method, Object on, Object... args) throws Exception {
        try {
            return method.invoke(on, args);
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof Exception) {
                throw (Exception) e.getCause();
            }
            throw e;
        }
    }

    private static URL[] classPath() throws MalformedURLException {
        List<URL> urls = new ArrayList<>();
        for (String one : System.getProperty("java.class.path").split(File.pathSeparator)) {
            urls.add(new File(one).toURI().toURL());
        }
        return urls.toArray(new URL[0]);
    }
}
