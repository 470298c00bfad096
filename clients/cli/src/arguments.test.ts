import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import {
  duration,
  fileContents,
  files,
  pairs,
  ports,
  read,
  variableFiles,
  variables,
  volumes,
  whole,
} from './arguments.js';
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

test('a secret of the build must be the text of a file', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'berth-secret-'));
  const file = path.join(folder, 'npmrc');
  writeFileSync(file, 'token=1\n');
  assert.deepEqual(fileContents([`npmrc=${file}`], 'build-secret'), { npmrc: 'token=1\n' });
  assert.throws(
    () => fileContents([`npmrc=${folder}/none`], 'build-secret'),
    refused(/^--build-secret npmrc=.*ENOENT/),
  );
  assert.throws(() => fileContents(['npmrc'], 'build-secret'), refused(/must be NAME=value/));
  rmSync(folder, { recursive: true });
});

test('a file must have a path in the container and the bytes of a file', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'berth-file-'));
  const file = path.join(folder, 'app.conf');
  writeFileSync(file, Buffer.from([0, 255, 10]));
  assert.deepEqual(files([`/etc/app.conf=${file}`], 'file'), [{ path: '/etc/app.conf', contentBase64: 'AP8K' }]);
  assert.deepEqual(files([`/etc/key=${file}`], 'secret-file'), [
    { path: '/etc/key', contentBase64: 'AP8K', secret: true },
  ]);
  assert.throws(() => files([`etc/app.conf=${file}`], 'file'), refused(/^--file etc\/app.conf=.*must be \/path/));
  assert.throws(() => files([`/x=${folder}/none`], 'secret-file'), refused(/^--secret-file \/x=.*ENOENT/));
  rmSync(folder, { recursive: true });
});

test('a duration must have a unit', () => {
  assert.deepEqual([duration('90d', 'expires'), duration('1s', 'expires')], [7_776_000_000, 1000]);
  assert.equal(duration(undefined, 'expires'), undefined);
  for (const text of ['', '90', 'd', '0d', '-1d', '1.5h', '1y'])
    assert.throws(() => duration(text, 'expires'), refused(/^--expires .*must be a number and s, m, h or d/));
});

test('a file of variables must have one NAME=value a line, and an error must not show a value', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'berth-variables-'));
  const file = path.join(folder, '.env');
  writeFileSync(file, '\uFEFF# a comment\n\n  # another\nA=b=c\r\n  QUOTED="x y"\nEMPTY=\n');
  assert.deepEqual(variableFiles([file]), { A: 'b=c', QUOTED: '"x y"', EMPTY: '' });
  assert.deepEqual(variableFiles(undefined), {});
  writeFileSync(file, 's3cret\n');
  assert.throws(
    () => variableFiles([file]),
    (error) => refused(/each line must be NAME=value/)(error) && !(error as Error).message.includes('s3cret'),
  );
  assert.throws(() => variableFiles([`${folder}/none`]), refused(/^--set-file .*ENOENT/));
  rmSync(folder, { recursive: true });
});
