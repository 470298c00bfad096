import { PROBE_PATH } from '#src/modules/platform-services/probe.js';
import type { HealthConfig } from '#src/integrations/docker/service-spec.js';
import { firstTcpPort, type HealthTiming, type Release } from './release.js';

export type CheckKind = 'http' | 'tcp' | 'command' | 'image' | 'none';

/** What decides which check a release has. */
export type Checked = Pick<Release, 'healthCheck' | 'imageHealth' | 'ports'>;

const SECOND_NS = 1_000_000_000;
const START_INTERVAL_SECONDS = 0.2;
/** An engine without StartInterval first probes after one interval, so that a long one would delay every start. */
const SHORT_INTERVAL_SECONDS = 2;
/** After this time the start is over, and slower probes delay nothing. */
const STARTED_AFTER_SECONDS = 60;
/** An image's own check may start a large program: it runs less often than the probe. */
const IMAGE_START_INTERVAL_SECONDS = 1;
const IMAGE_SHORT_INTERVAL_SECONDS = 5;
/** Docker's defaults for a HEALTHCHECK, in seconds: https://docs.docker.com/reference/dockerfile/#healthcheck */
const DOCKER_TIMING = { interval: 30, timeout: 30, retries: 3 };
/** How long a start may take after the start period, however long the image's interval is. */
const MAX_RETRY_SECONDS = 120;

/** Chooses the check: the request's, else the image's own, else a TCP check of the first TCP port, else none. */
export function checkKindOf({ healthCheck, imageHealth, ports }: Checked): CheckKind {
  switch (healthCheck.kind) {
    case 'disabled':
      return 'none';
    case 'default':
      if (imageHealth) return 'image';
      return firstTcpPort(ports) === undefined ? 'none' : 'tcp';
    default:
      return healthCheck.kind;
  }
}

export function needsProbe(release: Release): boolean {
  return ['http', 'tcp'].includes(checkKindOf(release));
}

/** Timing of an image's own health check, with Docker's defaults filled in. */
export function timingOf(check: HealthConfig | undefined): HealthTiming | undefined {
  if (!check) return undefined;
  const seconds = (nanoseconds: number | undefined) => (nanoseconds ?? 0) / SECOND_NS;
  return {
    intervalSeconds: seconds(check.Interval) || DOCKER_TIMING.interval,
    timeoutSeconds: seconds(check.Timeout) || DOCKER_TIMING.timeout,
    retries: check.Retries || DOCKER_TIMING.retries,
    startPeriodSeconds: seconds(check.StartPeriod),
  };
}

/** Timing that the release's check has. Of a request's, the start period also applies to the image's own check. */
export function effectiveTiming(release: Checked): HealthTiming {
  const { healthCheck, imageHealth } = release;
  if (checkKindOf(release) !== 'image' || !imageHealth) return healthCheck;
  const startPeriodSeconds = Math.max(imageHealth.startPeriodSeconds, healthCheck.startPeriodSeconds);
  return { ...imageHealth, startPeriodSeconds };
}

/** Seconds that a container has until its check must have passed. */
export function startLimitSeconds(release: Checked): number {
  const { intervalSeconds, retries, startPeriodSeconds } = effectiveTiming(release);
  const retrySeconds = intervalSeconds * retries;
  const isImages = checkKindOf(release) === 'image';
  return Math.ceil(startPeriodSeconds + (isImages ? Math.min(retrySeconds, MAX_RETRY_SECONDS) : retrySeconds));
}

/** Builds the HEALTHCHECK of the service; undefined: none. An empty test keeps the image's own. */
export function buildHealthConfig(release: Release, engine: { startInterval: boolean }): HealthConfig | undefined {
  const timing = effectiveTiming(release);
  if (checkKindOf(release) === 'image') return imageConfig(timing, engine);
  const check = testOf(release);
  if (!check) return undefined;
  if (check[0] === 'NONE') return { Test: check };
  const { interval, rest } = intervalOf(timing, engine, check[1] === PROBE_PATH);
  const startInterval = engine.startInterval ? START_INTERVAL_SECONDS : undefined;
  return { Test: withSleep(check, rest, timing), ...configOf(timing, interval, rest, startInterval) };
}

/** The image's own check, asked often while the container starts, whatever its interval is. */
function imageConfig(timing: HealthTiming, engine: { startInterval: boolean }): HealthConfig {
  const { intervalSeconds } = timing;
  return engine.startInterval
    ? { Test: [], ...configOf(timing, intervalSeconds, 0, Math.min(intervalSeconds, IMAGE_START_INTERVAL_SECONDS)) }
    : { Test: [], ...configOf(timing, Math.min(intervalSeconds, IMAGE_SHORT_INTERVAL_SECONDS), 0, undefined) };
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
      return ['CMD', PROBE_PATH, 'http', String(healthCheck.port), healthCheck.path, ...hostsOf(release)];
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

/**
 * Host headers to try. The environment's public name may lead to another of its deployments, so `localhost` is enough
 * unless the request names the host.
 */
function hostsOf({ healthCheck, publicDomain }: Release): string[] {
  if (healthCheck.kind === 'http' && healthCheck.host) return [healthCheck.host];
  return publicDomain === null ? [] : [publicDomain, 'localhost'];
}

/** Raises `retries` where the interval has to be short, so that interval × retries stays the same. */
function configOf(
  { intervalSeconds, timeoutSeconds, retries, startPeriodSeconds }: HealthTiming,
  interval: number,
  rest: number,
  startInterval: number | undefined,
): Omit<HealthConfig, 'Test'> {
  const nanoseconds = (seconds: number) => Math.round(seconds * SECOND_NS);
  return {
    Interval: nanoseconds(interval),
    Timeout: nanoseconds(timeoutSeconds + rest),
    Retries: Math.max(retries, Math.ceil((intervalSeconds * retries) / interval)),
    StartPeriod: nanoseconds(startPeriodSeconds),
    ...(startInterval !== undefined && { StartInterval: nanoseconds(startInterval) }),
  };
}
