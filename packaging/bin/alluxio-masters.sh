#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs a command on every host of conf/masters; alluxio is the one beside this script.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/alluxio-config.sh"
usage="Usage: alluxio-masters.sh command..."
case "${1:-}" in
-h | --help) echo "$usage"; exit 0 ;;
'') fail "$usage" ;;
esac
[ "$1" != alluxio ] || set -- "$bin/alluxio" "${@:2}"
on_all masters "$@"
