import { EXIT, Failure } from './failure.js';

/** Returns the shell's completion script for the names of the commands. */
export function completion(shell: string, commands: string[]): string {
  const words = commands.join(' ');
  switch (shell) {
    case 'bash':
      return `_berth() { [ "$COMP_CWORD" -eq 1 ] && COMPREPLY=($(compgen -W "${words}" -- "\${COMP_WORDS[1]}")); }\ncomplete -F _berth berth\n`;
    case 'zsh':
      return `#compdef berth\n_berth() { (( CURRENT == 2 )) && compadd ${words} }\ncompdef _berth berth\n`;
    case 'fish':
      return `complete -c berth -f -n __fish_use_subcommand -a "${words}"\n`;
    default:
      throw new Failure(EXIT.usage, `${shell}: must be bash, zsh or fish.`);
  }
}
