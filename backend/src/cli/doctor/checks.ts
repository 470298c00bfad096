import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { connect } from 'node:net';
import { resolve4, resolve6 } from 'node:dns/promises';
import { networkInterfaces } from 'node:os';
import type { Config } from '#src/config/config.js';
import { DockerClient } from '#src/integrations/docker/docker-client.js';
import { Engine, type EngineFacts } from '#src/integrations/docker/engine.js';
import { Networks } from '#src/integrations/docker/networks.js';
import { Nodes } from '#src/integrations/docker/nodes.js';
import { SwarmServices } from '#src/integrations/docker/swarm-services.js';
import { LABELS } from '#src/common/labels.js';
import { database, encryptionKey } from './database-checks.js';
import { engineGit } from './engine-git.js';
import { daemonSetsNoNewPrivileges } from './daemon-settings.js';
import type { Check, Finding } from './finding.js';

const GIB = 2 ** 30;
const MIN_FREE_SHARE = 0.1;
const MAX_CLOCK_SKEW_SECONDS = 30;
const TIMEOUT_MS = 5000;

/** All checks; each depends only on the ones before it. */
export const FINDINGS: Check[] = [engine, swarm, disk, ports, publicName, clock, database, encryptionKey, engineGit];

async function engine(config: Config): Promise<Finding[]> {
  const what = 'Docker Engine';
  const facts = await factsOf(config);
  if (!facts)
    return [
      {
        what,
        state: 'broken',
        found: `${config.docker.host} does not answer`,
        advice: 'Start it, or correct DOCKER_HOST.',
      },
    ];
  const isConfigured = facts.isLocal && daemonSetsNoNewPrivileges();
  const privileges = facts.serviceNoNewPrivileges || isConfigured || facts.daemonNoNewPrivileges;
  const flag: Finding[] =
    privileges === true
      ? []
      : [
          {
            what: 'no-new-privileges',
            state: 'warn',
            found: privileges === false ? 'off' : 'not reported by this engine',
            advice: 'Set "no-new-privileges": true in /etc/docker/daemon.json and restart the engine.',
          },
        ];
  return [{ what, state: 'ok', found: `${facts.version}, API ${facts.apiVersion}` }, ...flag, ...initProcess(facts)];
}

function initProcess({ init }: EngineFacts): Finding[] {
  const advice = 'Install docker-init (in Debian the package tini): containers run without an init process until then.';
  return init ? [] : [{ what: 'docker-init', state: 'warn', found: 'the engine does not find it', advice }];
}

async function swarm(config: Config): Promise<Finding[]> {
  const what = 'Swarm';
  const facts = await factsOf(config);
  if (!facts) return [];
  if (!facts.swarmActive || !facts.isManager)
    return [
      {
        what,
        state: 'broken',
        found: 'this engine is not a Swarm manager',
        advice: 'Start Berth, which initialises the swarm; a worker must be promoted with docker node promote.',
      },
    ];
  const docker = new DockerClient(config);
  const nodes = await new Nodes(docker).list();
  const managers = nodes.filter(({ role }) => role === 'manager').length;
  const down = nodes.filter(({ state }) => state !== 'ready');
  const overlays = (await new Networks(docker).list({ [LABELS.managed]: true })).length;
  const found = [counted(nodes.length, 'node'), counted(managers, 'manager'), counted(overlays, 'network')].join(', ');
  return [
    { what, state: 'ok', found: `${found} of Berth` },
    ...down.map(({ hostname, state }): Finding => ({
      what: `node ${hostname}`,
      state: 'broken',
      found: state,
      advice:
        'Restart it, or remove it with docker node rm. Its services run on other nodes, except those with volumes on it.',
    })),
    ...(managers % 2 === 0
      ? [
          {
            what: 'managers',
            state: 'warn' as const,
            found: `${managers}`,
            advice: 'Use 1, 3 or 5 managers: an even number tolerates no more failures than one manager less.',
          },
        ]
      : []),
  ];
}

async function disk(config: Config): Promise<Finding[]> {
  const facts = await factsOf(config);
  const folders = new Set([config.data.dir, facts?.rootDirectory].filter((folder) => folder && existsSync(folder)));
  return Promise.all(
    [...folders].map(async (folder): Promise<Finding> => {
      const { bavail, blocks, bsize } = await statfs(folder ?? '');
      const found = `${((bavail * bsize) / GIB).toFixed(1)} GiB free under ${folder ?? ''}`;
      if (bavail / blocks >= MIN_FREE_SHARE) return { what: 'disk', state: 'ok', found };
      const isFull = bavail * bsize < config.build.minFreeDiskBytes;
      const advice = 'See docker system df; docker image prune and docker builder prune remove unused data.';
      return { what: 'disk', state: isFull ? 'broken' : 'warn', found, advice };
    }),
  );
}

async function ports(config: Config): Promise<Finding[]> {
  const { ingress } = config;
  if (!ingress.isOn) return [{ what: 'public names', state: 'ok', found: 'switched off (INGRESS)' }];
  const front = await new SwarmServices(new DockerClient(config)).find('berth_front').catch(() => undefined);
  const taken = await Promise.all(
    [ingress.httpPort, ingress.httpsPort].map(async (port) => ({ port, is: await answers(port) })),
  );
  return taken.map(({ port, is }): Finding => {
    const what = `port ${port}`;
    if (is === (front !== undefined)) return { what, state: 'ok', found: is ? 'the front answers' : 'free' };
    return is
      ? {
          what,
          state: 'broken',
          found: 'used by another program',
          advice: 'Stop it, or choose another INGRESS_…_PORT.',
        }
      : {
          what,
          state: 'broken',
          found: 'the front does not answer',
          advice: 'See GET /health and docker service ps berth_front.',
        };
  });
}

async function publicName({ http }: Config): Promise<Finding[]> {
  const { protocol, hostname } = new URL(http.publicBaseUrl);
  const what = 'PUBLIC_BASE_URL';
  if (protocol !== 'https:') {
    const advice = 'Set an https:// URL whose name resolves to this machine, so that other machines can use the API.';
    return [{ what, state: 'warn', found: http.publicBaseUrl, advice }];
  }
  const addresses = (
    await Promise.all([resolve4(hostname).catch(() => []), resolve6(hostname).catch(() => [])])
  ).flat();
  const own = new Set(Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address)));
  if (addresses.length === 0)
    return [{ what, state: 'broken', found: `${hostname} does not resolve`, advice: 'Give it an A or AAAA record.' }];
  const found = `${hostname} resolves to ${addresses.join(', ')}`;
  if (addresses.some((address) => own.has(address))) return [{ what, state: 'ok', found }];
  return [
    {
      what,
      state: 'warn',
      found,
      advice: 'Correct the record: none of these is an address of this machine. Behind a NAT this is expected.',
    },
  ];
}

async function clock({ acme }: Config): Promise<Finding[]> {
  const what = 'clock';
  const begin = Date.now();
  const answer = await fetch(acme.directoryUrl, { method: 'HEAD', signal: AbortSignal.timeout(TIMEOUT_MS) }).catch(
    () => undefined,
  );
  const date = Date.parse(answer?.headers.get('date') ?? '');
  if (Number.isNaN(date))
    return [
      {
        what,
        state: 'warn',
        found: 'the ACME server does not answer',
        advice: 'Check the network: certificates need a connection to ACME_DIRECTORY_URL.',
      },
    ];
  const seconds = Math.round((date - (begin + Date.now()) / 2) / 1000);
  const isRight = Math.abs(seconds) <= MAX_CLOCK_SKEW_SECONDS;
  const found = `differs by ${seconds} s from the ACME server`;
  return [
    isRight
      ? { what, state: 'ok', found }
      : { what, state: 'broken', found, advice: 'Synchronise it with NTP: certificates and signatures depend on it.' },
  ];
}

async function factsOf(config: Config): Promise<EngineFacts | undefined> {
  return new Engine(new DockerClient(config)).inspect().catch(() => undefined);
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, timeout: TIMEOUT_MS })
      .once('connect', () => {
        socket.destroy();
        resolve(true);
      })
      .once('error', () => resolve(false))
      .once('timeout', () => {
        socket.destroy();
        resolve(false);
      });
  });
}
