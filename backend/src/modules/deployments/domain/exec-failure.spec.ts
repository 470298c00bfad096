import { describe, expect, it } from 'vitest';
import { capabilitiesOf, execAdvice, failedProgram } from './exec-failure.js';

const NO_FILE = 'no such file or directory';
const script = (text: string) => ({ head: Buffer.from(text) });
/** As the kernel stores `cap_ipc_lock=+ep`. */
const IPC_LOCK = Buffer.from('0100000200400000000000000000000000000000', 'hex');

describe('a program that could not be started', () => {
  it.each([
    ['[FATAL tini (7)] exec /usr/bin/vault failed: Operation not permitted', '/usr/bin/vault'],
    ['[FATAL tini (7)] exec npm failed: No such file or directory', 'npm'],
    ['exec /entrypoint.sh: no such file or directory', '/entrypoint.sh'],
    ['sh: exec: line 1: vault: Operation not permitted', 'vault'],
    ['OCI runtime create failed: exec: "/no/such": stat /no/such: no such file or directory: unknown', '/no/such'],
    ['OCI runtime create failed: exec: "serve": executable file not found in $PATH: unknown', 'serve'],
  ])('must be found in %j', (line, program) => expect(failedProgram(line)?.program).toBe(program));

  it.each([
    "ENOENT: no such file or directory, open '/x'",
    'Error executing x: no such file or directory',
    'exec done',
  ])('must not be found in %j', (line) => expect(failedProgram(line)).toBeUndefined());

  it('must be explained by its file', () => {
    const missing = { program: '/run.sh', reason: NO_FILE };
    expect(execAdvice(missing, { head: undefined })).toContain('has no program /run.sh');
    expect(execAdvice(missing, script('#!/bin/sh\r\necho hi\r\n'))).toContain('CR LF');
    expect(execAdvice(missing, script('#!/bin/bash -e\necho hi\n'))).toContain(
      'names /bin/bash, which the image lacks',
    );
    expect(execAdvice(missing, { head: Buffer.from('7f454c46', 'hex') })).toContain('another C library');
    expect(execAdvice({ program: '/x', reason: 'permission denied' }, script('#!/bin/sh\n'))).toBeUndefined();
  });

  it('must name the file capability that the container lacks, and how to ask for it', () => {
    const failed = { program: '/bin/vault', reason: 'operation not permitted' };
    const advice = execAdvice(failed, { head: Buffer.from('7f454c46', 'hex'), fileCapability: IPC_LOCK });
    expect(advice).toMatch(/\/bin\/vault has the file capability IPC_LOCK: .*`capabilities`.*ALLOWED_CAPABILITIES/);
    expect(capabilitiesOf(Buffer.from('0100000200040000000000004000000000000000', 'hex'))).toEqual([
      'NET_BIND_SERVICE',
      'PERFMON',
    ]);
    expect(capabilitiesOf(Buffer.alloc(3))).toEqual([]);
  });
});
