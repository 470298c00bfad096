import type { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import Dockerode from 'dockerode';
import { Config } from '#src/config/config.js';
import { toDockerError } from './docker-error.js';

/** An Engine that hangs must cause an error before the client's timeout. */
const CALL_TIMEOUT_MS = 4500;
/** docker-modem never returns when a response ends or stalls in its middle: it listens to the request only. */
const CALL_DEADLINE_MS = 60_000;

/**
 * Connection to the Engine: `call` for short requests; `stream` for long responses (events, pulls, builds, logs),
 * which have no timeout. Requests name no API version, so that the Engine uses its own.
 */
@Injectable()
export class DockerClient {
  private readonly quick: Dockerode;
  private readonly lasting: Dockerode;
  readonly isLocal: boolean;

  constructor(config: Config) {
    const options = connectionOptions(config.docker.host);
    this.quick = new Dockerode({ ...options, timeout: CALL_TIMEOUT_MS });
    this.lasting = new Dockerode(options);
    this.isLocal = 'socketPath' in options;
  }

  call<T>(use: (docker: Dockerode) => Promise<T>): Promise<T> {
    return translated(inTime(use(this.quick)));
  }

  /** A call without a method in dockerode, with the options of docker-modem. */
  dial<T>(call: object): Promise<T> {
    return this.stream(({ modem }) => dialed<T>(modem as Modem, call));
  }

  /** Reads a log so far as a stream; dockerode would hold it whole. The Engine may pause as long as in a `call`. */
  async readLog<T>(path: string, query: object, read: (log: Readable) => Promise<T>): Promise<T> {
    const options = { stdout: true, stderr: true, timestamps: true, follow: false, ...query };
    const statusCodes = { 200: true, 404: 'not found', 409: 'is being removed', 500: 'server error' };
    const call = { path: `${path}/logs?`, method: 'GET', isStream: true, statusCodes, options };
    return translated(dialed<Readable>(this.quick.modem as Modem, call).then(read));
  }

  stream<T>(use: (docker: Dockerode) => Promise<T>): Promise<T> {
    return translated(use(this.lasting));
  }
}

interface Modem {
  dial(call: object, done: (error: Error | null, answer: unknown) => void): void;
}

function dialed<T>(modem: Modem, call: object): Promise<T> {
  return new Promise((resolve, reject) =>
    modem.dial(call, (error, answer) => (error ? reject(error) : resolve(answer as T))),
  );
}

async function inTime<T>(result: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const giveUp = () =>
    late.reject(Object.assign(new Error('the response is not complete in time'), { code: 'ETIMEDOUT' }));
  const timer = setTimeout(giveUp, CALL_DEADLINE_MS);
  try {
    return await Promise.race([result, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

async function translated<T>(result: Promise<T>): Promise<T> {
  try {
    return await result;
  } catch (error) {
    throw toDockerError(error);
  }
}

function connectionOptions(host: string): Dockerode.DockerOptions {
  if (host.startsWith('unix://')) return { socketPath: host.slice('unix://'.length) };
  const { protocol, hostname, port } = new URL(host);
  return { protocol: protocol === 'https:' ? 'https' : 'http', host: hostname, port: port || 2375 };
}
