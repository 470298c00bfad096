import { expect, it } from 'vitest';
import { FrameworkLogger } from './framework-logger.js';

it('must log the lists of modules and routes as debug, and pass everything else on unchanged', () => {
  const lines: string[] = [];
  const at = (level: string) => (message: unknown) => void lines.push(`${level} ${String(message)}`);
  const levels = { log: 'info', error: 'error', warn: 'warn', debug: 'debug', verbose: 'trace', fatal: 'fatal' };
  const target = Object.fromEntries(Object.entries(levels).map(([name, level]) => [name, at(level)]));
  const logger = new FrameworkLogger(target as never);
  logger.log('Mapped {/health, GET} route', 'RouterExplorer');
  logger.log('JobsModule dependencies initialized', 'InstanceLoader');
  logger.log('the swarm is initialised', 'SwarmSetup');
  logger.error('no', 'RouterExplorer');
  expect(lines).toEqual([
    'debug Mapped {/health, GET} route',
    'debug JobsModule dependencies initialized',
    'info the swarm is initialised',
    'error no',
  ]);
});
