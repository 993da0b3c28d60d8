#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Stops masters and workers that run with this configuration.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/alluxio-config.sh"

usage="Usage: alluxio-stop.sh [-h] [-s] [ACTION]
Where ACTION is one of:
  all       stop all masters and workers
  local     stop the master and the worker of this machine
  master    stop the master of this machine
  masters   stop the masters of conf/masters
  worker    stop the worker of this machine
  workers   stop the workers of conf/workers
-s  never kill a process that does not end by itself
-h  show this help"

how=hard
[ "${1:-}" != --help ] || set -- -h
while getopts hsc: option; do
	case "$option" in
	h) echo "$usage"; exit 0 ;;
	s) how=soft ;;
	c) ;; # of the cache of Alluxio's workers
	*) echo "$usage" >&2; exit 1 ;;
	esac
done
shift $((OPTIND - 1))

stop_here() { # title
	stop_process "$1" "$how"
	echo "Successfully Killed $killed process(es) successfully on $here"
}
soft=()
[ "$how" = hard ] || soft=(-s)

case "${1:-}" in
all)
	status=0
	on_all workers "$bin/alluxio-stop.sh" "${soft[@]}" worker || status=1
	on_all masters "$bin/alluxio-stop.sh" "${soft[@]}" master || status=1
	exit $status
	;;
local)
	stop_here AlluxioWorker
	stop_here AlluxioMaster
	;;
master) stop_here AlluxioMaster ;;
masters) on_all masters "$bin/alluxio-stop.sh" "${soft[@]}" master ;;
worker) stop_here AlluxioWorker ;;
workers) on_all workers "$bin/alluxio-stop.sh" "${soft[@]}" worker ;;
secondary_master | job_master | job_masters | job_worker | job_workers | proxy | proxies | logserver)
	fail "Error: there is no $1 in this version" ;;
"")
	echo "Error: no ACTION specified" >&2
	echo "$usage" >&2
	exit 1
	;;
*)
	echo "Error: Invalid ACTION: $1" >&2
	echo "$usage" >&2
	exit 1
	;;
esac
