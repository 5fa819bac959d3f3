#!/usr/bin/env bash
# Starts a Flink process from the words and variables that the official Flink image understands.
# Everything is done in this shell: no program is started before Flink's own scripts.

FLINK_HOME=${FLINK_HOME:-/opt/flink}
CLASS_ARCHIVES=${CLASS_ARCHIVES:-/opt/class-archives}
usage="Usage: docker-entrypoint.sh (jobmanager|standalone-job|taskmanager|history-server) [args]
       docker-entrypoint.sh kubernetes-jobmanager.sh|kubernetes-taskmanager.sh [args]
       docker-entrypoint.sh help
Anything else is run as it is. Variables: FLINK_PROPERTIES, ENABLE_BUILT_IN_PLUGINS (a;b),
JOB_MANAGER_RPC_ADDRESS, TASK_MANAGER_NUMBER_OF_TASK_SLOTS, DISABLE_JEMALLOC (true)."

use_jemalloc() {
    [[ ${DISABLE_JEMALLOC:-false} == false ]] || return 0
    local library
    for library in /usr/lib/*-linux-gnu/libjemalloc.so /usr/lib/*-linux-gnu/libjemalloc.so.2; do
        if [[ -f $library ]]; then
            export LD_PRELOAD=${LD_PRELOAD:+$LD_PRELOAD:}$library
            return
        fi
    done
    echo "WARNING: no jemalloc in this image, glibc's allocator is used instead." >&2
}

link_plugins() {
    local jar name
    for jar in ${ENABLE_BUILT_IN_PLUGINS//;/ }; do
        name=${jar%.jar}
        if [[ ! -e $FLINK_HOME/opt/$jar ]]; then
            echo "Plugin $jar is not in $FLINK_HOME/opt. Exiting." >&2
            exit 1
        fi
        mkdir -p "$FLINK_HOME/plugins/$name" &&
            ln -fs "$FLINK_HOME/opt/$jar" "$FLINK_HOME/plugins/$name/" &&
            echo "Plugin $jar is enabled."
    done
}

# Replaces ${NAME} and $NAME by the environment's values, without evaluating anything.
expand() {
    local rest=$1 done='' name
    while [[ $rest =~ ^([^$]*)\$(\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))(.*)$ ]]; do
        name=${BASH_REMATCH[3]}${BASH_REMATCH[4]}
        done+=${BASH_REMATCH[1]}${!name}
        rest=${BASH_REMATCH[5]}
    done
    expanded=$done$rest
}

trim() {
    trimmed=${1#"${1%%[![:space:]]*}"}
    trimmed=${trimmed%"${trimmed##*[![:space:]]}"}
}

# Collects one "key: value"; a later one with the same key wins.
set_option() {
    [[ -v options[$1] ]] || order+=("$1")
    options[$1]=$2
}

collect_options() {
    local line key
    set_option jobmanager.rpc.address "${JOB_MANAGER_RPC_ADDRESS:-$(hostname -f)}"
    set_option blob.server.port 6124
    set_option query.server.port 6125
    if [[ -n $TASK_MANAGER_NUMBER_OF_TASK_SLOTS ]]; then
        set_option taskmanager.numberOfTaskSlots "$TASK_MANAGER_NUMBER_OF_TASK_SLOTS"
    fi
    while IFS= read -r line; do
        trim "${line%%:*}"
        key=$trimmed
        if [[ -z $key || $key == \#* || $line != *:* ]]; then continue; fi
        trim "${line#*:}"
        expand "$trimmed"
        set_option "$key" "$expanded"
    done <<<"$FLINK_PROPERTIES"
}

# A text that YAML would read as something else than itself is quoted.
as_yaml() {
    yaml=$1
    [[ $1 != [\'\"]* ]] || return 0
    if [[ $1 == *': '* || $1 == *' #'* || $1 == *: || $1 == [*\&!%@\`\|\>,]* ]]; then
        yaml="'${1//\'/\'\'}'"
    fi
}

# Flat keys at the end of the file win over nested ones before them, and replace older flat ones.
write_options() {
    local file=$FLINK_HOME/conf/flink-conf.yaml line key kept=()
    local -A options=()
    local order=()
    [[ -e $file ]] || file=$FLINK_HOME/conf/config.yaml
    collect_options
    if [[ ! -w $file ]]; then
        echo "$file is read-only: settings from the environment are not written to it." >&2
        return
    fi
    while IFS= read -r line || [[ -n $line ]]; do
        key=${line%%:*}
        [[ -n $key && -v options[$key] ]] || kept+=("$line")
    done <"$file"
    for key in "${order[@]}"; do
        yaml=${options[$key]}
        [[ $file != */config.yaml ]] || as_yaml "$yaml"
        kept+=("$key: $yaml")
    done
    printf '%s\n' "${kept[@]}" >"$file"
}

# Java maps the classes that this image's Java has archived, for Flink's scripts and for the process
# itself; where an archive does not fit, it loads them as ever.
map_classes() {
    [[ -d $CLASS_ARCHIVES ]] || return 0
    local quiet='-Xlog:cds=off -Xlog:cds+dynamic=off'
    export JDK_JAVA_OPTIONS="$JDK_JAVA_OPTIONS -XX:SharedArchiveFile=$CLASS_ARCHIVES/utils.jsa $quiet"
    export JVM_ARGS="-XX:SharedArchiveFile=$CLASS_ARCHIVES/$1.jsa${JVM_ARGS:+ $JVM_ARGS}"
}

# Replaces this shell; root becomes the user flink.
start() {
    if [[ $EUID == 0 ]]; then
        HOME=$FLINK_HOME exec setpriv --reuid=flink --regid=flink --init-groups -- "$@"
    fi
    exec "$@"
}

use_jemalloc
link_plugins
write_options

case $1 in
    help)
        echo "$usage"
        ;;
    jobmanager)
        map_classes jobmanager
        echo "Starting Job Manager"
        start "$FLINK_HOME/bin/jobmanager.sh" start-foreground "${@:2}"
        ;;
    standalone-job)
        map_classes jobmanager
        echo "Starting Job Manager"
        start "$FLINK_HOME/bin/standalone-job.sh" start-foreground "${@:2}"
        ;;
    taskmanager)
        map_classes taskmanager
        echo "Starting Task Manager"
        start "$FLINK_HOME/bin/taskmanager.sh" start-foreground "${@:2}"
        ;;
    history-server)
        echo "Starting History Server"
        start "$FLINK_HOME/bin/historyserver.sh" start-foreground "${@:2}"
        ;;
    *)
        start "$@"
        ;;
esac
