#!/bin/sh
# Starts the dynamic provider with the interpreter that runs the program: that of the virtual
# environment of the project's runtime options, else PULUMI_PYTHON_CMD, else python3.
environment="${PULUMI_RUNTIME_VIRTUALENV:-}"
if [ -z "$environment" ]; then
    case "${PULUMI_RUNTIME_TOOLCHAIN:-}" in
        uv) environment=.venv ;;
        poetry) environment=$(poetry env info --path) ;;
    esac
fi
if [ -z "$environment" ]; then
    exec "${PULUMI_PYTHON_CMD:-python3}" -u -m pulumi.dynamic "$@"
fi
case "$environment" in
    /*) ;;
    *) environment="$PWD/$environment" ;;
esac
environment="${environment%/}"
if [ ! -f "$environment/bin/python" ]; then
    echo "the virtual environment of Pulumi.yaml is not there: $environment has no bin/python;" \
        "make it with 'python3 -m venv $environment' and install the requirements into it" >&2
    exit 1
fi
unset PYTHONHOME
PATH="$environment/bin:$PATH"
export PATH
exec "$environment/bin/python" -u -m pulumi.dynamic "$@"
