"""Jars inside a container image, as a session cluster offers them."""

IN_IMAGE = "local://"
"""What precedes the path of such a jar."""
USER_JARS = "/opt/flink/usrlib"
"""Where an image keeps the jars that a session cluster offers."""
IMAGE_JAR = "image_"
"""What precedes the file's name in the id under which such a jar is offered."""
