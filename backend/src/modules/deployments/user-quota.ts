import { DomainError } from '#src/common/errors/domain-error.js';
import type { QuotaConfig } from '#src/config/config.js';
import type { RunOptions } from './run-options.js';

type Wanted = Pick<RunOptions, 'replicas' | 'resources' | 'ports'>;
type Usage = Record<'cpus' | 'memoryMb' | 'pids' | 'hostPorts', number>;

const UNITS = [
  { unit: 'cpus', what: 'CPU cores', field: '`resources.cpus`', setting: 'MAX_CPUS_PER_USER' },
  { unit: 'memoryMb', what: 'MiB of memory', field: '`resources.memoryMb`', setting: 'MAX_MEMORY_MB_PER_USER' },
  { unit: 'pids', what: 'processes', field: '`resources.pids`', setting: 'MAX_PIDS_PER_USER' },
] as const;

/** Throws RESOURCE_QUOTA_EXCEEDED when a user's live deployments together with the wanted one would exceed a limit. */
export function refuseAboveQuota(
  used: Usage,
  { replicas, resources, ports }: Wanted,
  { resourcesPerUser, hostPortsPerUser }: Pick<QuotaConfig, 'resourcesPerUser' | 'hostPortsPerUser'>,
): void {
  for (const { unit, what, field, setting } of UNITS) {
    const sum = rounded(used[unit] + replicas * resources[unit]);
    if (sum > resourcesPerUser[unit])
      throw new DomainError('RESOURCE_QUOTA_EXCEEDED', {
        detail: `With this one your live deployments and runs may use ${sum} ${what}; the limit of a user is ${resourcesPerUser[unit]}.`,
        hint: `Reduce \`replicas\` or ${field}, delete a deployment, or ask the operator to raise ${setting}.`,
      });
  }
  const wantedPorts = ports.filter(({ host }) => host !== undefined).length;
  const sum = used.hostPorts + wantedPorts;
  if (wantedPorts > 0 && sum > hostPortsPerUser)
    throw new DomainError('RESOURCE_QUOTA_EXCEEDED', {
      detail: `With this one your live deployments publish ${sum} host ports; the limit of a user is ${hostPortsPerUser}.`,
      hint: 'Publish fewer `ports[].host`, delete a deployment, or ask the operator to raise MAX_HOST_PORTS_PER_USER.',
    });
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
