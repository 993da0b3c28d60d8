#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Stops masters and workers that run with this configuration.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/alluxio-config.sh"

usage="Usage: alluxio-stop.sh [-h] ACTION [-s]
Where ACTION is one of:
  all       stop all masters and workers
  local     stop the master and the worker of this machine
  master    stop the master of this machine
  masters   stop the masters of conf/masters
  worker    stop the worker of this machine
  workers   stop the workers of conf/workers
-s  never kill a process that does not end by itself
-h  show this help"

wrong() {
	echo "Error: $*" >&2
	echo "$usage" >&2
	exit 1
}

how=hard action=
while [ $# -gt 0 ]; do
	case "$1" in
	-h | --help) echo "$usage"; exit 0 ;;
	-s) how=soft ;;
	-c) [ $# -gt 1 ] || wrong "-c wants a cache"; shift ;; # of Alluxio's workers
	-*) wrong "Invalid option: $1" ;;
	*) [ -z "$action" ] || wrong "Invalid argument: $1"; action=$1 ;;
	esac
	shift
done

stop_here() { # title
	stop_process "$1" "$how"
	echo "Successfully Killed $killed process(es) successfully on $here"
}
soft=()
[ "$how" = hard ] || soft=(-s)

case "$action" in
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
	fail "Error: there is no $action in this version" ;;
'') wrong "no ACTION specified" ;;
*) wrong "Invalid ACTION: $action" ;;
esac
