#!/usr/bin/env bash
# Usage: dump_classes.sh ROOT FOLDER [NAME=VALUE ...]
# Runs Flink once in the files of its image under ROOT, and has each Java write the classes that it
# loaded to FOLDER (of the image). To be run in new namespaces: mounts and a loopback of its own.
set -e
root=$1 folder=$2
shift 2
mount -t proc proc "$root/proc"
mkdir -p "$root/dev" && mount --bind /dev "$root/dev"
echo '127.0.0.1 localhost' >"$root/etc/hosts"
hostname localhost
ip link set lo up
exec chroot "$root" /usr/bin/env -i "$@" FOLDER="$folder" /bin/bash -e -s <<'INSIDE'
archived_at_exit() { echo "-XX:ArchiveClassesAtExit=$FOLDER/$1.jsa -Xlog:cds=off -Xlog:cds+dynamic=off"; }
wait_for() {
    for _ in {1..1800}; do
        if curl -sf localhost:8081/overview | grep -q "$1"; then return; fi
        sleep 0.1
    done
    echo "error: Flink was not ready in three minutes: no $1"
    exit 1
}
as_flink=(setpriv --reuid=flink --regid=flink --init-groups --)

install -d -o flink -g flink "$FOLDER"
cd "$FLINK_HOME"
export JOB_MANAGER_RPC_ADDRESS=localhost FLINK_PROPERTIES='taskmanager.host: localhost'
export CLASS_ARCHIVES=/none-yet
JVM_ARGS=$(archived_at_exit jobmanager) /docker-entrypoint.sh jobmanager & jobmanager=$!
wait_for slots-total
JVM_ARGS=$(archived_at_exit taskmanager) "${as_flink[@]}" bin/taskmanager.sh start-foreground & taskmanager=$!
wait_for '"slots-total":[1-9]'
"${as_flink[@]}" java $(archived_at_exit utils) -classpath \
    "$FLINK_HOME/bin/bash-java-utils.jar:$(echo "$FLINK_HOME"/lib/flink-dist*.jar)" \
    org.apache.flink.runtime.util.bash.BashJavaUtils GET_JM_RESOURCE_PARAMS --configDir conf
for process in $taskmanager $jobmanager; do
    kill $process
    wait $process || true
done
INSIDE
