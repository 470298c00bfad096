/** Turns the inputs of action.yml, which arrive as INPUT_… variables, into a call of `berth deploy`. */

const REQUIRED = ['url', 'key', 'environment', 'timeout'];

/** Returns `{ args, input, login }`: the arguments, the text for standard input, and the variables that log in. */
export function commandOf(env) {
  const value = (name) => (env[`INPUT_${name.toUpperCase()}`] ?? '').trim();
  for (const name of REQUIRED) if (!value(name)) throw new Error(`The input ${name} is missing.`);
  if (value('tag') && !value('name'))
    throw new Error('The input name is missing: tag changes a deployment by its name.');
  // Written as --option=value, a value that begins with - is not an option.
  const option = (name, text) => (text ? [`--${name}=${text}`] : []);
  const ports = value('ports').split(/\s+/).filter(Boolean);
  return {
    args: [
      ...['deploy', '--json', '--wait', `--env=${value('environment')}`, `--timeout=${value('timeout')}`],
      ...(value('tag') ? option('tag', value('tag')) : option('name', value('name'))),
      ...['branch', 'dockerfile', 'health', 'replicas'].flatMap((name) => option(name, value(name))),
      ...ports.flatMap((port) => option('port', port)),
      // Values of variables are not in the list of processes.
      ...(value('variables') ? ['--set-file=-'] : []),
      '--',
      value('tag') ? value('name') : value('source') || '.',
    ],
    input: env.INPUT_VARIABLES ?? '',
    login: { BERTH_URL: value('url'), BERTH_API_KEY: value('key') },
  };
}

/** Returns the lines for GITHUB_OUTPUT from what `berth deploy --json` has printed: nothing when it was refused. */
export function outputsOf(printed) {
  if (!printed.trim()) return '';
  const { id, status, url } = JSON.parse(printed);
  const lines = Object.entries({ deploymentId: id, status, url: url ?? '' });
  // A line break would begin another output.
  return lines.map(([name, text]) => `${name}=${String(text).replace(/[\r\n]/g, '')}\n`).join('');
}
