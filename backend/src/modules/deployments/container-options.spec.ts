import { describe, expect, it } from 'vitest';
import { Config } from '#src/config/config.js';
import { containerOptionsErrors, containerOptionsOf } from './container-options.js';
import { namedStringErrors, runOptionsErrors } from './run-options.js';

const environmentId = 'e1';
const config = Config.load({}, '/nonexistent');
const errors = (body: object, limits = config) => containerOptionsErrors({ environmentId, ...body }, limits);

describe('how a container runs', () => {
  it('must have defaults that people expect', () => {
    expect(containerOptionsOf({ environmentId })).toEqual({
      init: true,
      stopGraceSeconds: 10,
      stopSignal: null,
      tmpfs: [],
      files: [],
      capabilities: ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'SETGID', 'SETUID', 'NET_BIND_SERVICE', 'KILL'],
    });
    const given = { environmentId, stopSignal: 'int', capabilities: ['cap_kill', 'KILL'], init: false };
    expect(containerOptionsOf(given)).toMatchObject({ stopSignal: 'SIGINT', capabilities: ['KILL'], init: false });
  });

  it('must allow the capabilities of the setting, and name the field and the setting for others', () => {
    expect(errors({ capabilities: ['SYS_CHROOT', 'AUDIT_WRITE', 'CAP_SETPCAP', 'FSETID'] })).toEqual([]);
    for (const name of ['NET_RAW', 'MKNOD', 'SETFCAP', 'IPC_LOCK', 'SYS_ADMIN', 'ALL'])
      expect(errors({ capabilities: ['KILL', name] })).toMatchObject([
        {
          path: 'capabilities',
          message: expect.stringMatching(`not contain ${name}: .*ALLOWED_CAPABILITIES`) as string,
        },
      ]);
    const wide = Config.load({ ALLOWED_CAPABILITIES: 'IPC_LOCK, SYS_NICE' }, '/nonexistent');
    expect(errors({ capabilities: ['IPC_LOCK', 'SYS_NICE'] }, wide)).toEqual([]);
    expect(errors({ capabilities: ['FSETID'] }, wide)).toHaveLength(1);
    expect(errors({ capabilities: ['FSETID'] }, Config.load({ ALLOWED_CAPABILITIES: 'none' }, '/x'))).toHaveLength(1);
    expect(() => Config.load({ ALLOWED_CAPABILITIES: 'IPC_LOK' }, '/nonexistent')).toThrow('ALLOWED_CAPABILITIES');
  });

  it.each(['SIGTERM', 'sigquit', 'WINCH', 'SIGRTMIN+3'])('must take the signal %s', (stopSignal) =>
    expect(errors({ stopSignal })).toEqual([]),
  );
  it.each(['SIGSTOP', 'SIGNOPE', '', '15', 'SIGRTMIN+16'])('must refuse the signal %j', (stopSignal) =>
    expect(errors({ stopSignal })).toMatchObject([{ path: 'stopSignal' }]),
  );

  it('must count folders in memory and shared memory against the memory', () => {
    expect(errors({ resources: { memoryMb: 128, shmMb: 128 } })).toEqual([]);
    expect(errors({ resources: { memoryMb: 128, shmMb: 129 } })).toEqual([
      {
        path: 'resources.shmMb',
        message: 'must be at most 128: it counts as memory, and resources.memoryMb is 128',
      },
    ]);
    const tmpfs = [
      { path: '/a', sizeMb: 300 },
      { path: '/b', sizeMb: 300 },
    ];
    expect(errors({ tmpfs })).toMatchObject([{ path: 'tmpfs.1.sizeMb' }]);
  });

  it('must refuse mounts twice, of the system, and on /dev/shm with the field for that', () => {
    const volumes = [{ name: 'v', path: '/data/' }];
    expect(errors({ volumes, tmpfs: [{ path: '/data', sizeMb: 1 }] })).toMatchObject([{ path: 'tmpfs.0.path' }]);
    for (const path of ['/proc/x', '/sys', '/dev/pts', '/.berth', '/a/../b', '/a//b'])
      expect(errors({ tmpfs: [{ path, sizeMb: 1 }] }), path).toMatchObject([{ path: 'tmpfs.0.path' }]);
    for (const field of ['volumes', 'tmpfs'])
      expect(errors({ [field]: [{ name: 'v', path: '/dev/shm', sizeMb: 1 }] })).toMatchObject([
        { path: `${field}.0.path`, message: expect.stringContaining('resources.shmMb') as string },
      ]);
  });

  it('must leave room for the init process', () => {
    expect(errors({ resources: { pids: 1 } })).toMatchObject([{ path: 'resources.pids' }]);
    expect(errors({ resources: { pids: 1 }, init: false })).toEqual([]);
  });

  it('must take names of variables as the engine does, and identifiers only for build arguments', () => {
    const envVars = { 'discovery.type': 'x', 'my-name': 'x', '1st': 'x', 'with space': 'x', größe: 'x' };
    expect(runOptionsErrors({ environmentId, envVars }, config)).toEqual([]);
    for (const name of ['', 'a=b', 'x'.repeat(257)])
      expect(runOptionsErrors({ environmentId, envVars: { [name]: 'x' } }, config), name).toMatchObject([
        { path: `envVars.${name.slice(0, 100)}` },
      ]);
    expect(namedStringErrors('buildArgs', { 'my-name': 'x' }, 10)).toMatchObject([{ path: 'buildArgs.my-name' }]);
  });

  it('must take a host for a path only', () => {
    const body = (healthCheck: object) => ({ environmentId, ports: [{ container: 80 }], healthCheck });
    expect(runOptionsErrors(body({ path: '/', host: 'shop.test' }), config)).toEqual([]);
    expect(runOptionsErrors(body({ tcpPort: 80, host: 'shop.test' }), config)).toMatchObject([
      { path: 'healthCheck.host' },
    ]);
  });
});
