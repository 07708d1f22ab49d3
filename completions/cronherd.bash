# SPDX-License-Identifier: ISC
# bash completion of cronherd. Needs nothing but bash.
#
# Verbs and options are read from the program's own help, so that they are never out of date.
# Nothing here goes through `compgen -W`: it would expand what stands in a worker's name.

# "$@": the program with its global options, to be called.
_cronherd_verbs() {
	"$@" --help 2>/dev/null | sed -n '/^examples:/q; s/^  \([a-z][a-z]*\)  *.*/\1/p'
}

_cronherd_options() {
	"$@" --help 2>/dev/null | awk '/^examples:/ { exit }
		/^ *-/ {
			sub(/^ +/, ""); sub(/  .*/, ""); n = split($0, word, /[, ]+/)
			for (i = 1; i <= n; i++) if (word[i] ~ /^-/) print word[i]
		}'
}

_cronherd_targets() {
	"$@" status 2>/dev/null |
		awk '$1 ~ /:[0-9]+$/ { print $1; sub(/:[0-9]+$/, "", $1); if (!seen[$1]++) print $1 }'
}

_cronherd_webhooks() {
	"$@" deliver --status 2>/dev/null | awk 'NR > 1 { print $1 }'
}

# The lines of standard input that begin with $1, to COMPREPLY. Names may hold what a shell expands.
_cronherd_reply() {
	local line

	while IFS= read -r line; do
		[[ $line == "$1"* ]] || continue
		printf -v line %q "$line"
		COMPREPLY+=("$line")
	done
	return 0
}

_cronherd_files() {
	local line

	compopt -o filenames 2>/dev/null
	while IFS= read -r line; do
		COMPREPLY+=("$line")
	done < <(compgen -f -- "$1")
}

_cronherd() {
	local -a typed=() call=()
	local i word cur verb='' part=''

	# Where ':' breaks words, an id comes in three.
	for ((i = 0; i <= COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if ((${#typed[@]} > 1)) && [[ $word == : || ${typed[-1]} == *: ]]; then
			typed[-1]+=$word
		else
			typed+=("$word")
		fi
	done
	cur=${typed[-1]}
	COMPREPLY=()
	call=("${typed[0]}")
	for ((i = 1; i < ${#typed[@]} - 1; i++)); do
		word=${typed[i]}
		if [[ -n $verb ]]; then
			[[ $word != -* && -z $part && ${typed[i - 1]} != -o && ${typed[i - 1]} != --output ]] && part=$word
		elif [[ $word == -c || $word == --config ]]; then
			((i + 1 == ${#typed[@]} - 1)) && { _cronherd_files "$cur"; return; }
			word=${typed[++i]}
			call+=(-c "${word/#\~\//$HOME/}")
		elif [[ $word != -* ]]; then
			verb=$word
		fi
	done

	if [[ -z $verb && $cur == -* ]]; then
		_cronherd_reply "$cur" < <(_cronherd_options "${call[0]}")
	elif [[ -z $verb ]]; then
		_cronherd_reply "$cur" < <(_cronherd_verbs "${call[0]}")
	elif [[ $cur == -* ]]; then
		_cronherd_reply "$cur" < <(_cronherd_options "${call[0]}" "$verb")
	elif [[ $verb == cron ]]; then
		[[ -z $part ]] && _cronherd_reply "$cur" < <(printf '%s\n' install remove show)
	elif [[ $verb == signal && -z $part ]]; then
		_cronherd_reply "$cur" < <(printf '%s\n' HUP INT QUIT KILL USR1 USR2 TERM CONT STOP WINCH)
	elif [[ $verb == import || $verb == export ]] && [[ ${typed[-2]} == -o || ${typed[-2]} == --output ]]; then
		_cronherd_files "$cur"
	elif [[ $verb == import && -z $part ]]; then
		_cronherd_reply "$cur" < <(printf '%s\n' kaliop procfile supervisord systemd)
	elif [[ $verb == export && -z $part ]]; then
		_cronherd_reply "$cur" < <(printf '%s\n' kubernetes supervisord systemd)
	elif [[ $verb == import ]]; then
		_cronherd_files "$cur"
	elif [[ $verb == export ]]; then
		_cronherd_reply "$cur" < <(_cronherd_targets "${call[@]}" | sed '/:/d')
	elif [[ $verb == deliver ]]; then
		_cronherd_reply "$cur" < <(_cronherd_webhooks "${call[@]}")
	elif [[ $verb == scale ]]; then
		_cronherd_reply "$cur" < <(_cronherd_targets "${call[@]}" | sed '/:/d; s/$/=/')
	elif [[ $verb != doctor ]]; then
		_cronherd_reply "$cur" < <(_cronherd_targets "${call[@]}")
	fi

	# readline replaces only what stands behind the last ':'.
	if [[ $COMP_WORDBREAKS == *:* && $cur == *:* ]]; then
		COMPREPLY=("${COMPREPLY[@]#"${cur%"${cur##*:}"}"}")
	fi
	return 0
}

complete -F _cronherd cronherd
