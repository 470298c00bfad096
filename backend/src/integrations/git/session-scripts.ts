/**
 * Scripts of one session, written into its home directory.
 *
 * simple-git spawns one binary with a piped stdin and ends it with one signal. The launcher is that binary. It passes
 * the credentials as file descriptor 3, which only askpass reads, so that they are in no argument, environment or
 * file. It leads a session of processes that ends as a whole: with SIGINT (an aborted task), with SIGTERM (the
 * parent-death signal when Berth is killed), and with git itself. `$!` is killed as a process too, because its process
 * group does not exist before setsid has run.
 */
export const LAUNCHER = `#!/bin/sh
[ "\${1-}" = --guarded ] || exec setpriv --pdeathsig TERM -- "$0" --guarded "$@"
shift
trap 'stopped=yes; [ -z "\${!-}" ] || kill -s KILL -- "-$!" "$!" 2>/dev/null' INT TERM
exec 3<&0 </dev/null
setsid setpriv --pdeathsig KILL -- git "$@" &
[ -z "\${stopped-}" ] || kill -s KILL -- "-$!" "$!" 2>/dev/null
wait "$!"
code=$?
[ "$code" -le 128 ] || wait "$!"
kill -s KILL -- "-$!" 2>/dev/null
exit "$code"
`;

/**
 * Prints the credentials for their own host only, never for the target of a redirect. An empty line means that there
 * are none.
 */
export const ASKPASS = `#!/bin/sh
case "$1" in *"://$BERTH_GIT_HOST'"* | *"@$BERTH_GIT_HOST'"*) ;; *) exit 1 ;; esac
IFS= read -r answer <&3 && [ -n "$answer" ] && printf '%s\\n' "$answer"
`;

export const SSH = `#!/bin/sh
exec ssh -F "$BERTH_SSH_CONFIG" "$@"
`;
