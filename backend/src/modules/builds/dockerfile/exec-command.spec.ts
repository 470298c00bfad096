import { describe, expect, it } from 'vitest';
import { withExec } from './exec-command.js';

describe('the start command of a built image', () => {
  it.each([
    ['node server.js', 'exec node server.js'],
    ['npm start -- --port $PORT', 'exec npm start -- --port $PORT'],
    ['gunicorn --bind 0.0.0.0:${PORT:-8000} app:app', 'exec gunicorn --bind 0.0.0.0:${PORT:-8000} app:app'],
    ['NODE_ENV=production A="b c" node x', 'NODE_ENV=production A="b c" exec node x'],
    [`sh -c 'a; b' "$HOME/x"`, `exec sh -c 'a; b' "$HOME/x"`],
    ['  ./run [a-z]*.conf', '  exec ./run [a-z]*.conf'],
    ['$PROGRAM --x', 'exec $PROGRAM --x'],
  ])('must replace the shell when it is one program: %s', (command, expected) => {
    expect(withExec(command)).toBe(expected);
  });

  it.each([
    'migrate && serve',
    'a; b',
    'a | b',
    'a &',
    'a > b',
    'echo $(id)',
    'echo `id`',
    'echo "$(id)"',
    'cd web',
    'exec node x',
    'if true',
    '{ a',
    '! a',
    "a 'b",
    'a "b',
    'a \\; b',
    'a\nb',
    '',
    'A=1',
    '${X:-$(id)} y',
    'a $1',
    '. ./env',
  ])('must be left to the shell otherwise: %j', (command) => {
    expect(withExec(command)).toBe(command);
  });
});
