import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { dockerfileText } from './dockerfile-text.js';

const SERVER = `process.on('SIGTERM', () => setTimeout(() => { console.log('clean'); process.exit(0); }, 50));
setInterval(() => undefined, 1000); console.log('up');`;

/** The arguments of CMD, with a program that ends 50 ms after a stop signal for SERVER. */
function argumentsOf(start: string): string[] {
  const text = dockerfileText({ baseImage: 'x', buildArgNames: [], dependencyFiles: [], start, port: undefined });
  const words = JSON.parse(text.slice(text.indexOf('CMD ') + 4)) as string[];
  return words.map((word) => word.replace('SERVER', `node -e "${SERVER.replaceAll('\n', ' ')}"`));
}

describe('the start command of a generated Dockerfile', () => {
  it.each([
    ['SERVER && echo ended', ['up', 'clean', 'ended'], 0],
    ['true; SERVER; exit 3', ['up', 'clean'], 3],
  ])(
    'must pass the stop signal to every program: %s',
    async (start, lines, code) => {
      const [program = '', ...words] = argumentsOf(start);
      const child = spawn(program, words, { detached: true });
      let output = '';
      child.stdout.on('data', (part: Buffer) => {
        output += part.toString();
        if (output === 'up\n') child.kill('SIGTERM');
      });
      expect(await once(child, 'close')).toEqual([code, null]);
      expect(output.trim().split('\n')).toEqual(lines);
    },
    60_000,
  );

  it('must be the program itself, when it is one', () => {
    expect(argumentsOf('node server.js')).toEqual(['/bin/sh', '-c', 'exec node server.js']);
    expect(argumentsOf('exec node server.js')).toEqual(['/bin/sh', '-c', 'exec node server.js']);
  });
});
