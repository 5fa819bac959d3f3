"""The logging configuration of Flink's processes."""

from __future__ import annotations

_PATTERN = "%d{yyyy-MM-dd HH:mm:ss,SSS} %-5p %-60c %x - %m%n"
# Libraries that are loud below INFO, whatever the root level is.
_QUIET = (
    "akka",
    "org.apache.pekko",
    "org.apache.kafka",
    "org.apache.hadoop",
    "org.apache.zookeeper",
    "org.apache.flink.shaded.zookeeper3",
)


def console_log4j() -> str:
    """A `log4j-console.properties`: to standard output, and to the file that Flink's UI shows.

    At most 5 files of 20 MB are kept, so a pod's log volume stays small.
    """
    lines = [
        "rootLogger.level = INFO",
        "rootLogger.appenderRef.console.ref = Console",
        "rootLogger.appenderRef.file.ref = File",
        "appender.console.name = Console",
        "appender.console.type = CONSOLE",
        "appender.console.layout.type = PatternLayout",
        f"appender.console.layout.pattern = {_PATTERN}",
        "appender.file.name = File",
        "appender.file.type = RollingFile",
        "appender.file.append = true",
        "appender.file.fileName = ${sys:log.file}",
        "appender.file.filePattern = ${sys:log.file}.%i",
        "appender.file.layout.type = PatternLayout",
        f"appender.file.layout.pattern = {_PATTERN}",
        "appender.file.policies.type = Policies",
        "appender.file.policies.size.type = SizeBasedTriggeringPolicy",
        "appender.file.policies.size.size = 20MB",
        "appender.file.strategy.type = DefaultRolloverStrategy",
        "appender.file.strategy.max = 5",
        "logger.netty.name = org.jboss.netty.channel.DefaultChannelPipeline",
        "logger.netty.level = OFF",
    ]
    for number, name in enumerate(_QUIET):
        lines += [f"logger.quiet{number}.name = {name}", f"logger.quiet{number}.level = INFO"]
    return "\n".join(lines) + "\n"
