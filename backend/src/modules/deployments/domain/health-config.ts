import { PROBE_PATH } from '#src/modules/platform-services/probe.js';
import type { HealthConfig } from '#src/integrations/docker/service-spec.js';
import { firstTcpPort, type HealthTiming, type Release } from './release.js';

export type CheckKind = 'http' | 'tcp' | 'command' | 'image' | 'none';

const SECOND_NS = 1_000_000_000;
const START_INTERVAL_NS = SECOND_NS / 5;
/** An engine without StartInterval first probes after one interval, so that a long one would delay every start. */
const SHORT_INTERVAL_SECONDS = 2;
/** After this time the start is over, and slower probes delay nothing. */
const STARTED_AFTER_SECONDS = 60;

/** Chooses the check: the request's, else the image's own, else a TCP check of the first TCP port, else none. */
export function checkKindOf({
  healthCheck,
  imageHasHealthCheck,
  ports,
}: Pick<Release, 'healthCheck' | 'imageHasHealthCheck' | 'ports'>): CheckKind {
  switch (healthCheck.kind) {
    case 'disabled':
      return 'none';
    case 'default':
      if (imageHasHealthCheck) return 'image';
      return firstTcpPort(ports) === undefined ? 'none' : 'tcp';
    default:
      return healthCheck.kind;
  }
}

export function needsProbe(release: Release): boolean {
  return ['http', 'tcp'].includes(checkKindOf(release));
}

/** Builds the HEALTHCHECK of the service. Undefined keeps the image's own check, if any. */
export function buildHealthConfig(release: Release, engine: { startInterval: boolean }): HealthConfig | undefined {
  const check = testOf(release);
  if (!check) return undefined;
  if (check[0] === 'NONE') return { Test: check };
  const { interval, rest } = intervalOf(release.healthCheck, engine, check[1] === PROBE_PATH);
  return { Test: withSleep(check, rest, release.healthCheck), ...timing(release.healthCheck, engine, interval, rest) };
}

/**
 * Interval and sleep, in seconds. Probing at a short interval for the whole lifetime would take a core for every fifty
 * services: the probe sleeps for `rest` after it has passed.
 */
function intervalOf({ intervalSeconds }: HealthTiming, engine: { startInterval: boolean }, isProbe: boolean) {
  if (engine.startInterval) return { interval: intervalSeconds, rest: 0 };
  const interval = Math.min(intervalSeconds, SHORT_INTERVAL_SECONDS);
  return { interval, rest: isProbe ? intervalSeconds - interval : 0 };
}

function withSleep([kind = '', probe = '', ...check]: string[], rest: number, { startPeriodSeconds }: HealthTiming) {
  if (rest === 0) return [kind, probe, ...check];
  const after = Math.max(startPeriodSeconds, STARTED_AFTER_SECONDS);
  return [kind, probe, 'calm', String(rest), String(after), ...check];
}

function testOf(release: Release): string[] | undefined {
  const { healthCheck, ports } = release;
  switch (healthCheck.kind) {
    case 'http':
      return ['CMD', PROBE_PATH, 'http', String(healthCheck.port), healthCheck.path];
    case 'tcp':
      return ['CMD', PROBE_PATH, 'tcp', String(healthCheck.port)];
    case 'command':
      return ['CMD', ...healthCheck.command];
    case 'disabled':
      return ['NONE'];
    case 'default':
      return checkKindOf(release) === 'tcp' ? ['CMD', PROBE_PATH, 'tcp', String(firstTcpPort(ports))] : undefined;
  }
}

/** Raises `retries` where the interval has to be short, so that interval × retries stays the same. */
function timing(
  { intervalSeconds, timeoutSeconds, retries, startPeriodSeconds }: HealthTiming,
  { startInterval }: { startInterval: boolean },
  interval: number,
  rest: number,
): Omit<HealthConfig, 'Test'> {
  return {
    Interval: interval * SECOND_NS,
    Timeout: (timeoutSeconds + rest) * SECOND_NS,
    Retries: Math.max(retries, Math.ceil((intervalSeconds * retries) / interval)),
    StartPeriod: startPeriodSeconds * SECOND_NS,
    ...(startInterval && { StartInterval: START_INTERVAL_NS }),
  };
}
