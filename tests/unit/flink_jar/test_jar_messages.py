"""What is said of a jar that can't be had."""

from __future__ import annotations

from pathlib import Path

import pytest

from flink_components.flink.jar import JarError, content, fetched


def test_the_signature_of_a_signed_url_is_not_shown() -> None:
    location = "https://127.0.0.1:9/jobs/counts.jar?X-Amz-Signature=hunter2"
    with pytest.raises(JarError) as error, fetched(location, "0" * 64):
        pass
    assert str(error.value) == (
        "https://127.0.0.1:9/jobs/counts.jar can't be fetched: Connection refused"
    )


def test_a_folder_is_called_one(tmp_path: Path) -> None:
    with pytest.raises(JarError) as error:
        content(str(tmp_path))
    assert str(error.value) == f"{tmp_path} is a folder: name the jar file in it"
