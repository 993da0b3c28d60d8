# SPDX-License-Identifier: Apache-2.0
# What the scripts beside this file share; they source it.
#   bin    their folder, with the tool `alluxio` in it
#   conf   ALLUXIO_CONF_DIR, or conf/ beside bin/
#   logs   ALLUXIO_LOGS_DIR, or logs/ beside bin/
bin=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
conf=$(realpath -m -- "${ALLUXIO_CONF_DIR:-$bin/../conf}")
logs=$(realpath -m -- "${ALLUXIO_LOGS_DIR:-$bin/../logs}")
here=$(hostname -f 2>/dev/null || hostname)

fail() {
	printf '%s\n' "$*" >&2
	exit 1
}

get_conf() { ALLUXIO_CONF_DIR=$conf "$bin/alluxio" getConf "$1"; } # property

# Hosts of conf/masters or conf/workers, one a line; without the file: this one.
hosts_of() { # masters or workers
	if [ -f "$conf/$1" ]; then
		sed 's/#.*//; s/[[:space:]]//g; /^$/d' "$conf/$1"
	else
		printf 'localhost\n'
	fi
}

is_local() { # host
	case "$1" in
	localhost | 127.0.0.1 | ::1 | "$here" | "$(hostname)") return 0 ;;
	*) return 1 ;;
	esac
}

# Runs a command on all of these hosts at once, by ssh where they are others; what it prints comes
# host by host.  Fails if it failed anywhere.
on_all() { # masters or workers, command...
	local list host command reached="ssh reached this host" pids=() outputs status=0 i
	list=$(hosts_of "$1")
	[ -n "$list" ] || fail "Error: no hosts in $conf/$1"
	shift
	outputs=$(mktemp -d)
	export ALLUXIO_CONF_DIR=$conf
	command="echo $reached; $(printf '%q ' env ALLUXIO_CONF_DIR="$conf" "$@")"
	while read -r host; do
		if is_local "$host"; then
			"$@" >"$outputs/${#pids[@]}" 2>&1 </dev/null &
		else
			# shellcheck disable=SC2086
			ssh -n -o ConnectTimeout=5 -o BatchMode=yes -o ServerAliveInterval=10 \
				${ALLUXIO_SSH_OPTS:-} "$host" "$command" \
				>"$outputs/${#pids[@]}" 2>&1 &
		fi
		pids+=($!)
	done <<<"$list"
	i=0
	while read -r host; do
		wait "${pids[i]}" || status=1
		sed "/^$reached\$/d; s/^/[$host] /" "$outputs/$i"
		is_local "$host" || grep -qxF "$reached" "$outputs/$i" ||
			echo "[$host] Error: nothing was done there: ssh $host true must work from here, without a password"
		i=$((i + 1))
	done <<<"$list"
	rm -rf "$outputs"
	return $status
}

# Processes of this configuration, one pid a line.
pids_of() { # title
	local pid words
	for pid in $(pgrep -f "^$1 " || true); do
		mapfile -d '' -t words 2>/dev/null <"/proc/$pid/cmdline" || continue
		[ "${words[0]:-}" = "$1" ] && printf '%s\0' "${words[@]}" | grep -qzxF -- "$conf" || continue
		printf '%s\n' "$pid"
	done
}

# Ends the processes of this configuration: SIGTERM, and SIGKILL after two minutes unless `soft`.
stop_process() { # title, soft or hard
	local pid pids count=0
	pids=$(pids_of "$1")
	for pid in $pids; do
		kill -TERM "$pid" 2>/dev/null && count=$((count + 1))
	done
	for pid in $pids; do
		for _ in $(seq 1200); do
			kill -0 "$pid" 2>/dev/null || break
			sleep 0.1
		done
		if [ "$2" != soft ]; then
			kill -KILL "$pid" 2>/dev/null || true
		elif kill -0 "$pid" 2>/dev/null; then
			echo "Error: the process $pid has not ended two minutes after SIGTERM" >&2
			count=$((count - 1))
		fi
	done
	killed=$count
}
