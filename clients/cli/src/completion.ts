import { EXIT, Failure } from './failure.js';

/**
 * Returns the shell's completion script. It runs `berth __complete` with the words of the line, which prints one
 * candidate a line: commands, options, environments and deployments.
 */
export function completion(shell: string): string {
  const script = Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined;
  if (script) return script;
  throw new Failure(EXIT.usage, `${shell}: must be bash, zsh or fish.`);
}

const SCRIPTS: Record<string, string> = {
  // `-o default` completes files where no name fits, such as a folder to deploy.
  bash: `_berth() {
  local IFS=$'\\n' current="\${COMP_WORDS[COMP_CWORD]}"
  COMPREPLY=($(compgen -W "$("\${COMP_WORDS[0]}" __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)" -- "$current"))
}
complete -o default -F _berth berth
`,
  zsh: `#compdef berth
_berth() {
  local -a names
  names=("\${(@f)$("\${words[1]}" __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "\${names[1]}" ]]; then compadd -a names; else _files; fi
}
compdef _berth berth
`,
  fish: `function __berth_complete
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  berth __complete $words[2..-1] "$current" 2>/dev/null
end
complete -c berth -f -a '(__berth_complete)'
complete -c berth -n '__fish_seen_subcommand_from deploy' -F
`,
};
