import { expect, it } from 'vitest';
import { DomainError } from '#src/common/errors/domain-error.js';
import { Config } from '#src/config/config.js';
import { runRequestOf } from './run-request.js';

const config = Config.load({}, '/nonexistent');
const release = {
  environmentId: 'e1',
  init: true,
  resources: { cpus: 0.5, memoryMb: 256, pids: 100, shmMb: 64 },
  tmpfs: [{ path: '/cache', sizeMb: 100 }],
};
const command = ['npm', 'run', 'migrate'];

function faultsOf(body: Parameters<typeof runRequestOf>[0]): string[] {
  try {
    runRequestOf(body, release, config);
    return [];
  } catch (error) {
    return error instanceof DomainError ? (error.options.errors ?? []).map(({ path }) => path) : ['?'];
  }
}

it('must take the limits of the release where the request names none', () => {
  expect(runRequestOf({ command }, release, config)).toEqual({
    command,
    envVars: {},
    timeoutSeconds: 3600,
    resources: release.resources,
  });
  const nulls = JSON.parse('{"envVars":null,"timeoutSeconds":null,"resources":null}') as object;
  expect(runRequestOf({ command, ...nulls }, release, config)).toEqual(runRequestOf({ command }, release, config));
  const { resources } = runRequestOf({ command, resources: { memoryMb: 512 } }, release, config);
  expect(resources).toEqual({ cpus: 0.5, memoryMb: 512, pids: 100, shmMb: 64 });
});

it('must name the field that is wrong, among those of the request', () => {
  expect(faultsOf({ command, resources: { cpus: 1000 } })).toEqual(['resources.cpus']);
  expect(faultsOf({ command, envVars: { 'A=B': 'x' } })).toEqual(['envVars.A=B']);
  expect(faultsOf({ command: Array.from({ length: 10 }, () => 'x'.repeat(8000)) })).toEqual(['command']);
  expect(faultsOf({ command, resources: { memoryMb: 80 } })).toEqual(['resources.memoryMb']);
  expect(faultsOf({ command, resources: { pids: 1 } })).toEqual(['resources.pids']);
});
