import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pairs, ports, read, variables, volumes, whole } from './arguments.js';
import { EXIT, Failure } from './failure.js';

const refused = (text: RegExp) => (error: unknown) =>
  error instanceof Failure && error.exitCode === EXIT.usage && text.test(error.message);

test('arguments must be found by name and position', () => {
  const { values, positionals } = read(
    ['web', '-e', 'shop', '--json'],
    {
      env: { type: 'string', short: 'e' },
      json: { type: 'boolean' },
    },
    ['NAME'],
  );
  assert.deepEqual([{ ...values }, positionals], [{ env: 'shop', json: true }, ['web']]);
});

test('what is missing, superfluous or unknown must be named', () => {
  assert.throws(() => read([], {}, ['NAME']), refused(/^NAME is missing/));
  assert.throws(() => read(['a', 'b'], {}, ['NAME']), refused(/^b is one argument too many/));
  assert.throws(() => read(['--nope'], {}), refused(/--nope/));
});

test('a port must be parsed with host port first and protocol', () => {
  assert.deepEqual(ports(['80', '8080:80', '53/udp']), [
    { container: 80 },
    { container: 80, host: 8080 },
    { container: 53, protocol: 'udp' },
  ]);
  for (const text of ['', 'x', '80/icmp', ':80', '1:2:3'])
    assert.throws(() => ports([text]), refused(/^--port .*: must be 80, 8080:80/));
});

test('a value may hold an equals sign, a name may not be missing', () => {
  assert.deepEqual(pairs(['A=b=c', 'EMPTY='], 'set'), { A: 'b=c', EMPTY: '' });
  assert.throws(() => pairs(['=x'], 'set'), refused(/^--set =x: must be NAME=value/));
  assert.equal(pairs(undefined, 'set'), undefined);
});

test('a variable must have its value here or in the shell', () => {
  assert.deepEqual(variables(['A=b=c', 'EMPTY=', 'TOKEN'], { TOKEN: 'from the shell' }), {
    A: 'b=c',
    EMPTY: '',
    TOKEN: 'from the shell',
  });
  for (const word of ['=x', 'NOWHERE', ''])
    assert.throws(() => variables([word], {}), refused(/must be NAME=value, or the name/));
});

test('a volume must have a name and an absolute path', () => {
  assert.deepEqual(volumes(['data:/var/lib', 'data:/etc:ro']), [
    { name: 'data', path: '/var/lib' },
    { name: 'data', path: '/etc', readOnly: true },
  ]);
  for (const text of ['data', 'data:relative', 'data:/x:rw'])
    assert.throws(() => volumes([text]), refused(/^--volume .*: must be name:/));
});

test('a number must be whole', () => {
  assert.deepEqual([whole('0', 'ttl'), whole(undefined, 'ttl')], [0, undefined]);
  for (const text of ['', '-1', '1.5', '1e3', '9999999999'])
    assert.throws(() => whole(text, 'ttl'), refused(/^--ttl .*must be a whole number/));
});
