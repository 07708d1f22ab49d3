#!/bin/sh
# SPDX-License-Identifier: ISC
# ./quickstart.sh        builds cronherd and shows what it does, in a throw-away home
# ./quickstart.sh test   builds it and runs all of its tests
# ./quickstart.sh static builds one static program with HTTPS, and a tarball of it, for hosts that have
#                        neither compiler nor libraries: build-static/cronherd-VERSION-ARCH.tar.xz
#
# Made for a bare Debian 12. Installs what is missing with apt-get (as root, or through sudo) and
# builds in ./build and ./build-static. All else happens without root's rights: as root, the
# demonstration runs as "nobody". Can be run again and again.
set -eu
cd "$(dirname "$0")"
source_dir=$PWD

tool_packages="autoconf automake gcc libc6-dev make pkg-config"
build_packages="$tool_packages libconfuse-dev libjansson-dev libsqlite3-dev libcurl4-openssl-dev
	libssl-dev libyaml-dev check"
static_packages="$tool_packages musl-tools linux-libc-dev dpkg-dev binutils flex tcl perl xz-utils"
demo_packages="python3 util-linux"
test_packages="beanstalkd
	cron
	faketime
	groff-base
	libnss-extrausers
	mandoc
	openssl
	php-amqp
	php-cli
	php-redis
	php-symfony-amqp-messenger
	php-symfony-beanstalkd-messenger
	php-symfony-cache
	php-symfony-console
	php-symfony-event-dispatcher
	php-symfony-messenger
	php-symfony-redis-messenger
	procps
	prometheus
	prometheus-alertmanager
	prometheus-node-exporter
	python3
	python3-rq
	python3-yaml
	rabbitmq-server
	redis-server
	shellcheck
	spin
	strace
	supervisor
	systemd
	tini
	tinyproxy-bin
	util-linux
	valgrind
	webhook"
# Node with npm may come from elsewhere, and then Debian's do not go with it.
command -v npm >/dev/null || test_packages="$test_packages nodejs npm"

# The demonstration waits that long for each thing that it expects.
patience_s=60
log=build/quickstart.log
home=
drop=
receiver=

step() {
	printf '\n==> %s\n' "$*"
}

say() {
	printf '    %s\n' "$*"
}

die() {
	printf '\nquickstart.sh: %s\n' "$*" >&2
	exit 1
}

# ---- packages and building --------------------------------------------------------------------

is_installed() {
	[ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Runs as root what must be.
root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	else
		sudo "$@"
	fi
}

apt() {
	say "\$ apt-get $*"
	root env DEBIAN_FRONTEND=noninteractive apt-get -q -o Dpkg::Use-Pty=0 "$@" >>"$log" 2>&1 ||
		fail_logged "apt-get $* failed"
}

install_packages() {
	step "What is needed from Debian"
	if ! command -v dpkg-query >/dev/null; then
		say "this is no Debian: make sure of the like of: $*"
		return
	fi
	missing=
	for package in "$@"; do
		is_installed "$package" || missing="$missing $package"
	done
	if [ -z "$missing" ]; then
		say "all of it is installed"
		return
	fi
	say "missing:$missing"
	if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
		die "neither root nor sudo; as root: apt-get install$missing"
	fi
	apt update
	# shellcheck disable=SC2086 # a list of names
	apt_install $missing
}

# Some of them are servers. The tests start those themselves; nothing is to run because it was installed.
apt_install() (
	policy=/usr/sbin/policy-rc.d
	if [ ! -e $policy ]; then
		trap 'root rm -f $policy' EXIT
		trap 'exit 130' INT TERM HUP
		printf '#!/bin/sh\nexit 101\n' | root tee $policy >/dev/null
		root chmod 755 $policy
	fi
	apt install -y --no-install-recommends "$@"
)

fail_logged() {
	printf '\n' >&2
	tail -n 40 "$log" >&2
	die "$1: the end of $log stands above"
}

logged() {
	say "\$ $*"
	"$@" >>"$log" 2>&1 || fail_logged "$* failed"
}

start_log() {
	mkdir -p build
	: >"$log"
}

build() {
	step "Building in ./build"
	[ ! -f config.status ] ||
		die "the source tree itself is configured, build apart from it: make distclean"
	jobs=$(nproc)
	[ -x configure ] || logged ./autogen.sh
	# Configured when Check was not there yet: without unit tests.
	if grep -qs '^HAVE_CHECK_TRUE = #' build/Makefile; then
		rm build/Makefile
	fi
	[ -f build/Makefile ] || logged env -C build ../configure
	logged make -C build -j "$jobs"
	say "$(build/cronherd --version): ./build/cronherd"
}

build_static() {
	step "Building one static program in ./build-static"
	command -v apt-get >/dev/null || die "its libraries' sources are Debian's, and there is no apt-get"
	[ -x configure ] || logged ./autogen.sh
	static/build.sh
}

static() {
	start_log
	# shellcheck disable=SC2086 # lists of names
	install_packages $static_packages
	build_static
}

# ---- the demonstration ------------------------------------------------------------------------

# Who the demonstration is: ourselves, or, where that is root, nobody.
choose_user() {
	if [ "$(id -u)" -ne 0 ]; then
		drop=
	elif setpriv --reuid=65534 --regid=65534 --clear-groups true 2>/dev/null; then
		drop="setpriv --reuid=65534 --regid=65534 --clear-groups"
		chown -R 65534:65534 "$home"
	else
		# A root that can become nobody else (a user namespace of one user).
		drop="env CRONHERD_CONFIG=$home/.config/cronherd/cronherd.conf"
		say "root may not change its user here: it stays root"
	fi
}

# Runs a command as that user, with nothing of our environment.
as_user() {
	# shellcheck disable=SC2086 # some words, or none
	env -i HOME="$home" XDG_CONFIG_HOME="$home/.config" XDG_STATE_HOME="$home/.local/state" \
		XDG_CACHE_HOME="$home/.cache" PATH=/usr/local/bin:/usr/bin:/bin LANG=C.UTF-8 \
		$drop "$@"
}

herd() {
	as_user "$home/bin/cronherd" "$@"
}

queue() {
	as_user "$home/bin/filequeue" "$@"
}

# Shows a command of cronherd's and all that it says. Its exit status must be 0.
show() {
	printf '\n    $ cronherd %s\n' "$*"
	status=0
	herd "$@" >"$home/output" 2>&1 || status=$?
	sed 's/^/    /' "$home/output"
	[ "$status" -eq 0 ] || die "cronherd $* gave exit status $status"
}

# wait_until WHAT COMMAND ...: tries until it succeeds.
wait_until() {
	what=$1
	shift
	deadline=$(($(date +%s) + patience_s))
	until "$@"; do
		if [ "$(date +%s)" -ge "$deadline" ]; then
			herd status >&2 || :
			die "waited ${patience_s}s in vain until $what"
		fi
		sleep 0.02
	done
}

pid_of() {
	head -n 1 "$home/.local/state/cronherd/pidfiles/filequeue.$1.pid" 2>/dev/null || :
}

parent_of() {
	sed -n 's/^PPid:[[:space:]]*//p' "/proc/$1/status" 2>/dev/null || :
}

is_alive() {
	[ -n "$1" ] && [ -d "/proc/$1" ] && ! grep -qs '^State:[[:space:]]*[ZX]' "/proc/$1/status"
}

is_gone() {
	! is_alive "$1"
}

state_of() {
	herd status | awk -v id="filequeue:$1" '$1 == id { print $2 }'
}

is_in_state() {
	[ "$(state_of "$1")" = "$2" ]
}

# Whether instance $1 has another process than $2, and runs.
is_another() {
	another=$(pid_of "$1")
	[ "$another" != "$2" ] && is_alive "$another" && is_in_state "$1" RUNNING
}

put() {
	for job in "$@"; do
		queue put queue "$job" >>jobs.txt
		say "queue: $job"
	done
}

both_work() {
	[ "$(queue list queue | grep -c ' in-work ')" -eq 2 ]
}

all_done() {
	while read -r name; do
		[ -f "queue/done/$name" ] || return 1
	done <jobs.txt
}

# Those of our processes whose command line has the home in it.
leftovers() {
	grep -lsaF -f .home /proc/[0-9]*/cmdline || :
}

nothing_is_left() {
	[ -z "$(leftovers)" ]
}

make_home() {
	step "A throw-away home"
	home=$(mktemp -d "${TMPDIR:-/tmp}/cronherd-quickstart.XXXXXX")
	trap remove_home EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	trap 'exit 129' HUP
	mkdir -p "$home/bin" "$home/queue" "$home/.config/cronherd/conf.d"
	cp build/cronherd build/cronherd-full conf.d/sample/filequeue conf.d/sample/receive "$home/bin/"
	cat >"$home/.config/cronherd/cronherd.conf" <<-END
		state_dir = "$home/.local/state/cronherd"
	END
	# A port that is free now, and a secret of 32 random bytes, which only the owner may read.
	port=$(python3 -c 'import socket; print(socket.create_server(("127.0.0.1", 0)).getsockname()[1])')
	(umask 077 && printf 'whsec_%s\n' "$(head -c 32 /dev/urandom | base64 -w 0)" >"$home/webhook.secret")
	cat >"$home/.config/cronherd/conf.d/telling.conf" <<-END
		webhook "receiver" {
		  url = "http://127.0.0.1:$port/events"
		  secret_file = "$home/webhook.secret"
		}
	END
	cat >"$home/.config/cronherd/conf.d/filequeue.conf" <<-END
		worker "filequeue" {
		  command = "'$home/bin/filequeue' consume '$home/queue'"
		  directory = "$home"
		  numprocs = 2
		  memory_limit = 64M
		}
	END
	printf '%s\n' "$home" >"$home/.home"
	: >"$home/jobs.txt"
	chmod go-w "$home/.config/cronherd/cronherd.conf" "$home/.config/cronherd/conf.d" \
		"$home"/.config/cronherd/conf.d/*
	choose_user
	cd "$home"
	as_user "$home/bin/cronherd" --version >/dev/null ||
		die "programs cannot be executed in $home: set TMPDIR to where they can"
	say "$home, what it keeps and whom it tells:"
	cat "$home"/.config/cronherd/conf.d/* | sed 's/^/    /'
	say "bin/receive $port listens: it prints the events whose signature is right"
	start_receiver
}

# It runs in the background; what it prints goes to the file "received".
start_receiver() {
	: >"$home/received"
	# shellcheck disable=SC2016 # for the other shell
	as_user sh -c 'echo $$ && exec "$0" "$1"' "$home/bin/receive" "$port" >>"$home/received" 2>&1 &
	wait_until "the receiver has begun" test -s received
	receiver=$(head -n 1 received)
	wait_until "the receiver listens" is_listening
	: >received
}

is_listening() {
	is_alive "$receiver" || die "the receiver has ended: $(cat received)"
	grep -qi ":$(printf %04X "$port") 00000000:0000 0A" /proc/net/tcp
}

# Whether all of the events were received, and verified.
was_received() {
	for event in "$@"; do
		grep -q "^verified: cronherd\.$event\$" received || return 1
	done
}

# At the end, and whenever we end before it.
remove_home() {
	trap - EXIT
	[ -n "$home" ] || return 0
	herd stop --now >/dev/null 2>&1 || :
	[ -z "$receiver" ] || kill "$receiver" 2>/dev/null || :
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		nothing_is_left && break
		sleep 0.2
	done
	cd "$source_dir"
	rm -rf "$home" 2>/dev/null || rm -rf "$home"
}

demo_start() {
	step "The first round starts the workers"
	show config
	show run
	wait_until "filequeue:1 runs" is_in_state 1 RUNNING
	wait_until "filequeue:2 runs" is_in_state 2 RUNNING
	show status
	put "say hello" "sleep 0.2" "say world"
	wait_until "they are done" all_done
	say "done"
}

demo_kill() {
	step "A worker is killed in the middle of a job: it is back at once"
	put "sleep 1" "sleep 1" "sleep 1" "sleep 1"
	wait_until "both are at work" both_work
	pid=$(pid_of 1)
	say "kill -9 $pid (filequeue:1)"
	kill -9 "$pid"
	wait_until "filequeue:1 is back" is_another 1 "$pid"
	say "filequeue:1 is back as $(pid_of 1): its minder had seen it end"
	step "Whoever was to be told of it has been told"
	wait_until "the receiver was told" was_received "worker.stopped filequeue:1 killed" \
		"worker.started filequeue:1 killed"
	printf '\n    $ cat received\n'
	sed 's/^/    /' received
	show events --since 1min
	step "No job was lost"
	wait_until "all jobs are done, the interrupted one too" all_done
	say "all jobs are done, the interrupted one too"
	show status
}

# Whoever would notice is killed first: what is left is what cron calls.
demo_kill_both() {
	step "A worker and its minder are killed: the next round of cron's starts it again"
	pid=$(pid_of 2)
	minder=$(parent_of "$pid")
	if grep -qsa minder "/proc/$minder/cmdline" && grep -qsaF -f .home "/proc/$minder/cmdline"; then
		say "kill -9 $minder (the minder)"
		kill -9 "$minder"
		wait_until "the minder is gone" is_gone "$minder"
	fi
	say "kill -9 $pid (filequeue:2)"
	kill -9 "$pid"
	wait_until "it is gone" is_gone "$pid"
	show run
	wait_until "filequeue:2 is back" is_another 2 "$pid"
	say "filequeue:2 is back as $(pid_of 2)"
}

# The instance that did the job in the file $1.
who_did() {
	did=$(sed -n 's/^done by //p' "$1" | tail -n 1)
	for number in 1 2; do
		if [ "$(pid_of $number)" = "$did" ]; then
			echo $number
			return
		fi
	done
	die "no instance has the pid $did, which did the job in $1"
}

demo_bloat() {
	step "A worker takes more memory than its memory_limit: it is replaced"
	put "grow 128"
	wait_until "it has grown" all_done
	number=$(who_did "queue/done/$(tail -n 1 jobs.txt)")
	pid=$(pid_of "$number")
	show status
	show run
	wait_until "filequeue:$number was replaced" is_another "$number" "$pid"
	is_gone "$pid" || die "the bloated process $pid is still there"
	say "filequeue:$number is now $(pid_of "$number"), $pid ended gracefully"
	show status
}

demo_hold() {
	step "A person holds the workers: no round starts them"
	show stop
	put "say this waits"
	show run
	for number in 1 2; do
		is_in_state "$number" STOPPED || die "filequeue:$number is $(state_of "$number"), not STOPPED"
	done
	show status
	if all_done; then
		die "somebody did a job while all workers were held"
	fi
	say "and lets them go again:"
	show start
	wait_until "what had waited is done" all_done
	say "what had waited is done"
}

demo_end() {
	step "The end"
	while read -r name; do
		[ -f "queue/done/$name" ] || die "job $name was not done"
	done <jobs.txt
	[ -z "$(ls queue/new)" ] || die "there are jobs left: $(ls queue/new)"
	jobs_put=$(wc -l <jobs.txt)
	jobs_done=$(find queue/done -type f | wc -l)
	[ "$jobs_put" -eq "$jobs_done" ] || die "$jobs_put jobs were put, $jobs_done are done"
	say "$jobs_put jobs were put into the queue, $jobs_done are done"
	show stop
	kill "$receiver"
	receiver=
	wait_until "no process is left" nothing_is_left
	used=$home
	remove_home
	[ ! -e "$used" ] || die "cannot remove $used"
	say "nothing is left, neither processes nor $used"
	say "and now yours: README.md, \`man ./man/cronherd.1\`"
}

demo() {
	start_log
	# shellcheck disable=SC2086 # lists of names
	install_packages $build_packages $demo_packages
	build
	make_home
	demo_start
	demo_kill
	demo_bloat
	demo_kill_both
	demo_hold
	demo_end
}

# ---- the tests --------------------------------------------------------------------------------

# From each test program's log, the cases that it counted: Check's and unittest's summaries; of any
# other, and of one that broke down, the program itself is the case.
count_cases() {
	find build -name '*.trs' | sort | while read -r trs; do
		result=$(sed -n 's/^:test-result: //p' "$trs" | head -n 1)
		awk -v result="$result" '
			/^[0-9]+%: Checks: [0-9]+, Failures: [0-9]+, Errors: [0-9]+/ {
				gsub(/[^0-9 ]/, ""); ran += $2; failed += $3 + $4
			}
			/^Ran [0-9]+ tests? in / { ran += $2 }
			/^(FAILED|OK) \(/ {
				gsub(/[(),]/, " ")
				for (i = 2; i <= NF; i++) {
					n = $i; sub(/.*=/, "", n)
					if ($i ~ /^(failures|errors|successes)=/) failed += n
					if ($i ~ /^skipped=/) skipped += n
				}
			}
			END {
				if (result == "SKIP") { print 0, 0, 1; exit }
				bad = result != "PASS" && result != "XFAIL"
				if (!ran) { print !bad, bad, 0; exit }
				if (bad && !failed) failed = 1
				passed = ran - failed - skipped
				print (passed > 0 ? passed : 0), failed + 0, skipped + 0
			}' "${trs%.trs}.log"
	done | awk '{ p += $1; f += $2; s += $3 } END { print p + 0, f + 0, s + 0 }'
}

show_failures() {
	find build -name '*.trs' | sort | while read -r trs; do
		if grep -q '^:global-test-result: \(FAIL\|XPASS\|ERROR\)' "$trs" ||
			grep -q '^:test-result: \(FAIL\|XPASS\|ERROR\)' "$trs"; then
			printf '\n---- %s\n' "${trs%.trs}.log"
			cat "${trs%.trs}.log"
		fi
	done
}

tests() {
	# Whatever happens, the last line says how it went.
	trap 'printf "\n0 passed, 1 failed\n"' EXIT
	start_log
	# shellcheck disable=SC2086 # lists of names
	install_packages $build_packages $static_packages $test_packages
	build
	build_static
	export CRONHERD_STATIC_PROGRAM="$source_dir/build-static/cronherd"
	step "Building the tests"
	logged make -C build -j "$jobs" check TESTS=
	say "\$ tests/receiver/install.sh build/tests/receiver"
	tests/receiver/install.sh build/tests/receiver 2>&1 | sed 's/^/    /'
	step "Running the tests"
	find build \( -name '*.trs' -o -name 'test-suite.log' \) -exec rm -f {} +
	say "\$ make -C build check"
	status=0
	make -C build -k -j "$jobs" check >build/check.log 2>&1 || status=$?
	sed -n '/^\(PASS\|FAIL\|SKIP\|XPASS\|XFAIL\|ERROR\): /s/^/    /p' build/check.log
	show_failures
	# shellcheck disable=SC2046 # three numbers
	set -- $(count_cases)
	if [ "$status" -ne 0 ] && [ "$2" -eq 0 ]; then
		tail -n 40 build/check.log
		set -- "$1" 1 "$3"
	fi
	trap - EXIT
	[ "$3" -eq 0 ] || printf '\n%s skipped: see the logs in ./build/tests\n' "$3"
	printf '\n%s passed, %s failed\n' "$1" "$2"
	[ "$2" -eq 0 ]
}

case ${1-} in
'') demo ;;
test) tests ;;
static) static ;;
-h | --help) sed -n '3,11s/^# \{0,1\}//p' "$0" ;;
*) die "usage: ./quickstart.sh [test|static]" ;;
esac
