# SPDX-License-Identifier: ISC
# fish completion of cronherd. Verbs and options are read from the program's own help.

# What is typed before the cursor's word: the verb on the first line, its first argument on the second.
function __cronherd_typed
    set -l verb ''
    set -l part ''
    set -l skip 0
    for word in (commandline -opc)[2..-1]
        if test $skip = 1
            set skip 0
        else if test -z "$verb"
            switch $word
                case -c --config
                    set skip 1
                case '-*'
                case '*'
                    set verb $word
            end
        else if test -z "$part"
            if contains -- $word -o --output
                set skip 1
            else
                string match -q -- '-*' $word; or set part $word
            end
        end
    end
    printf '%s\n' "$verb" "$part"
end

# The program with -c FILE, if that is typed.
function __cronherd_call
    set -l words (commandline -opc)
    set -l call $words[1]
    set -l at (contains -i -- -c $words; or contains -i -- --config $words)
    if test -n "$at"; and test (count $words) -gt $at
        set -a call -c (string replace -r '^~/' "$HOME/" -- $words[(math $at + 1)])
    end
    $call $argv 2>/dev/null
end

function __cronherd_verbs
    __cronherd_call --help | sed -n '/^examples:/q; s/^  \([a-z][a-z]*\)  *\(.*\)/\1\t\2/p'
end

function __cronherd_options
    set -l typed (__cronherd_typed)
    set -l verb
    test -n "$typed[1]"; and set verb $typed[1]
    __cronherd_call $verb --help | awk '/^examples:/ { exit }
        /^ *-/ {
            sub(/^ +/, ""); sub(/  .*/, ""); n = split($0, word, /[, ]+/)
            for (i = 1; i <= n; i++) if (word[i] ~ /^-/) print word[i]
        }'
end

function __cronherd_targets
    __cronherd_call status |
        awk '$1 ~ /:[0-9]+$/ { print $1; sub(/:[0-9]+$/, "", $1); if (!seen[$1]++) print $1 }'
end

function __cronherd_webhooks
    __cronherd_call deliver --status | awk 'NR > 1 { print $1 }'
end

function __cronherd_arguments
    set -l typed (__cronherd_typed)
    switch "$typed[1]"
        case ''
            __cronherd_verbs
        case cron
            test -z "$typed[2]"; and printf '%s\n' install remove show
        case deliver
            __cronherd_webhooks
        case doctor
        case export
            if test -z "$typed[2]"
                printf '%s\n' kubernetes supervisord systemd
            else
                __cronherd_targets | string match -v '*:*'
            end
        case import
            printf '%s\n' kaliop procfile supervisord systemd
        case signal
            if test -z "$typed[2]"
                printf '%s\n' HUP INT QUIT KILL USR1 USR2 TERM CONT STOP WINCH
            else
                __cronherd_targets
            end
        case '*'
            __cronherd_targets
    end
end

function __cronherd_wants_file
    set -l typed (__cronherd_typed)
    set -l last (commandline -opc)[-1]
    if contains -- "$typed[1]" import export
        contains -- $last -o --output; and return 0
        test "$typed[1]" = import -a -n "$typed[2]"
        return
    end
    contains -- $last -c --config
    and test -z "$typed[1]"
end

complete -c cronherd -f
complete -c cronherd -n __cronherd_wants_file -F
complete -c cronherd -n 'not __cronherd_wants_file; and not string match -q -- "-*" (commandline -ct)' -a '(__cronherd_arguments)'
complete -c cronherd -n 'string match -q -- "-*" (commandline -ct)' -a '(__cronherd_options)'
