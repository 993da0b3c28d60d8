#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Starts masters and workers with this configuration, and says whether they serve.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/alluxio-config.sh"

usage="Usage: alluxio-start.sh [-hNwa] ACTION [MOPT] [-f]
Where ACTION is one of:
  all [MOPT]       start all masters and workers
  local [MOPT]     start a master and a worker on this machine
  master           start the master on this machine
  masters          start the masters of conf/masters
  worker [MOPT]    start a worker on this machine
  workers [MOPT]   start the workers of conf/workers
MOPT is one of Mount, SudoMount, NoMount: taken for Alluxio's sake, there is no RAM disk here.
-f  begin anew: the masters' journals and the workers' blocks are put aside first
-N  do not stop a process that runs already
-w  wait for the processes to end before returning
-a  do not wait until they serve
-h  show this help"

wrong() {
	echo "Error: $*" >&2
	echo "$usage" >&2
	exit 1
}

format='' keep='' wait='' check=yes words=()
while [ $# -gt 0 ]; do
	case "$1" in
	-h | --help) echo "$usage"; exit 0 ;;
	-f) format=-f ;;
	-N) keep=-N ;;
	-w) wait=yes ;;
	-a) check= ;;
	-m) ;; # whether they come up is looked at anyway
	-c) [ $# -gt 1 ] || wrong "-c wants a cache"; shift ;;
	-i) fail "Error: -i: restoring a backup at the start is not supported in this version" ;;
	-[hfNwam]?*) # letters together
		letters=${1#-}
		shift
		mapfile -t split < <(grep -o . <<<"$letters")
		set -- x "${split[@]/#/-}" "$@"
		;;
	-*) wrong "Invalid option: $1" ;;
	*) words+=("$1") ;;
	esac
	shift
done
action=${words[0]:-}
case "${words[1]:-}" in
'' | Mount | SudoMount | NoMount) ;;
*) wrong "Invalid MOPT: ${words[1]}" ;;
esac

serves() { # master or worker
	local host
	if [ "$1" = master ]; then
		host=$(get_conf alluxio.master.hostname)
		[ -n "$host" ] || host=$([ -n "$(get_conf alluxio.master.embedded.journal.addresses)" ] &&
			hostname || echo 127.0.0.1)
		# 0: primary, 10 and above: not primary, but it answers
		(exec -a holdfast "$bin/alluxio" status --conf "$conf" \
			"$host:$(get_conf alluxio.master.rpc.port)") >/dev/null 2>&1 || [ $? -ge 10 ]
	else
		host=$(get_conf dfs.datanode.address)
		(exec 3<>"/dev/tcp/${host%:*}/${host##*:}") 2>/dev/null
	fi
}

# Serves now, and a second later: one that finds its port taken, or that it was taken out of the
# quorum, ends a moment after it has begun; and it may be another process that answers.
serves_on() { # master or worker, pid
	serves "$1" && sleep 1 && kill -0 "$2" 2>/dev/null && serves "$1"
}

# Says whether the process serves; not if it has not within a minute.
monitor() { # master or worker, pid, size of its log before
	for _ in $(seq 300); do
		if serves_on "$1" "$2"; then
			echo "--- [ OK ] The $1 service @ $here is in a healthy state."
			return 0
		fi
		kill -0 "$2" 2>/dev/null || break
		sleep 0.2
	done
	echo "--- [ FAILED ] The $1 service @ $here is not serving requests."
	tail -c "+$(($3 + 1))" "$logs/$1.log" | tail -n 30
	return 1
}

# Formatted once: should the folder be gone, it is not to be made anew.
note_journal() { # folder, file of notes
	mkdir -p "$(dirname "$2")"
	grep -qxF -- "$1" "$2" 2>/dev/null || printf '%s\n' "$1" >>"$2"
}

# A new journal when -f asks for it, or there was never one.  A folder that was there before and is
# not there now is not mounted.
prepare_journal() {
	local folder note
	folder=$(exec -a holdfast "$bin/alluxio" journal folder --conf "$conf" 2>>"$logs/master.log") ||
		fail "Error: the configuration in $conf is refused; $logs/master.log says why"
	note=$(get_conf alluxio.work.dir)/formatted-journals
	[ ! -e "$folder" ] || [ -d "$folder" ] || fail "Error: $folder is a file, not a journal's folder"
	if [ -z "$format" ]; then
		[ ! -e "$folder" ] || { note_journal "$folder" "$note"; return 0; }
		! grep -qxF -- "$folder" "$note" 2>/dev/null || fail "Error: $folder is gone, but a journal was \
made there before ($note): mount it, or make a new one with $bin/alluxio formatJournal"
	fi
	ALLUXIO_CONF_DIR=$conf "$bin/alluxio" formatJournal >>"$logs/master.log" 2>&1 || {
		tail -n 3 "$logs/master.log" >&2
		fail "Error: could not format $folder"
	}
	note_journal "$folder" "$note"
}

# With -f the blocks of before, which belong to a cluster that is no more, are put aside.
prepare_worker() {
	local folder
	folder=$(get_conf holdfast.worker.dir)
	[ -n "$folder" ] || folder=$(get_conf dfs.datanode.data.dir)
	folder=${folder%%,*}
	folder=${folder#\[*\]}
	folder=${folder#file://}
	[ -n "$folder" ] || folder=$(get_conf alluxio.work.dir)/blocks
	mkdir -p "$(dirname "$folder")" || fail "Error: no place for $folder"
	if [ -n "$format" ] && [ -e "$folder" ]; then
		mv -T -- "$folder" "$folder.before-format-$(date -u +%Y%m%dT%H%M%SZ)" ||
			fail "Error: could not put $folder aside"
	fi
}

# Without a configuration (a wrong ALLUXIO_CONF_DIR) nothing is formatted or started where the
# defaults say.
want_conf() {
	local name
	for name in core-site.xml hdfs-site.xml alluxio-site.properties; do
		[ ! -e "$conf/$name" ] || return 0
	done
	fail "Error: there is no alluxio-site.properties, core-site.xml or hdfs-site.xml in $conf"
}

start_here() { # master or worker, title
	local pids size
	want_conf
	mkdir -p "$logs" && touch "$logs/$1.log" || fail "Error: $logs/$1.log cannot be written"
	pids=$(pids_of "$2" | tr '\n' ' ')
	if [ -n "$pids" ] && [ -n "$keep" ]; then
		echo "The $1 runs already on $here (pid ${pids% })"
		return 0
	fi
	[ -z "$pids" ] || stop_process "$2" hard
	size=$(stat -c %s "$logs/$1.log")
	case "$1" in
	master) prepare_journal ;;
	worker) prepare_worker ;;
	esac
	echo "Starting $1 @ $here. Logging to $logs"
	setsid "$bin/alluxio" "$1" --conf "$conf" >>"$logs/$1.log" 2>&1 </dev/null &
	started=$!
	waited+=("$started")
	[ -z "$check" ] || monitor "$1" "$started" "$size"
}

waited=() status=0
remote=("$bin/alluxio-start.sh")
[ -z "$keep" ] || remote+=("$keep")
[ -n "$check" ] || remote+=(-a)
case "$action" in
all)
	on_all masters "${remote[@]}" master $format || status=1
	on_all workers "${remote[@]}" worker $format || status=1
	;;
local)
	start_here master AlluxioMaster || status=1
	start_here worker AlluxioWorker || status=1
	;;
master) start_here master AlluxioMaster || status=1 ;;
masters) on_all masters "${remote[@]}" master $format || status=1 ;;
worker) start_here worker AlluxioWorker || status=1 ;;
workers) on_all workers "${remote[@]}" worker $format || status=1 ;;
secondary_master) fail "Secondary master is not supported for journal type: $(get_conf alluxio.master.journal.type)" ;;
job_master | job_masters | job_worker | job_workers | proxy | proxies | logserver | safe | \
	restart_worker | restart_workers)
	fail "Error: there is no $action in this version" ;;
'') wrong "no ACTION specified" ;;
*) wrong "Invalid ACTION: $action" ;;
esac
[ -z "$wait" ] || wait "${waited[@]}" || status=1
exit $status
