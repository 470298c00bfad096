import { Injectable } from '@nestjs/common';
import Dockerode from 'dockerode';
import { Config } from '#src/config/config.js';
import { toDockerError } from './docker-error.js';

/** An Engine that hangs must cause an error before the client's timeout. */
const CALL_TIMEOUT_MS = 4500;

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
    return translated(use(this.quick));
  }

  /** A call without a method in dockerode, with the options of docker-modem. */
  dial<T>(call: object): Promise<T> {
    return this.stream(
      ({ modem }) =>
        new Promise<T>((resolve, reject) =>
          (modem as Modem).dial(call, (error, answer) => (error ? reject(error) : resolve(answer as T))),
        ),
    );
  }

  stream<T>(use: (docker: Dockerode) => Promise<T>): Promise<T> {
    return translated(use(this.lasting));
  }
}

interface Modem {
  dial(call: object, done: (error: Error | null, answer: unknown) => void): void;
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
