import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { Server, ServerCredentials, type ServiceDefinition } from '@grpc/grpc-js';
import type { DockerClient } from './docker-client.js';
import { DockerError } from './docker-error.js';
import { type BuildAnswers, sessionServices } from './session-services.js';

const CONNECT_MS = 10_000;

/** A connection to the Engine on which Berth is the gRPC server. */
export class BuildSession {
  readonly id = randomUUID();

  private constructor(
    private readonly server: Server,
    private socket: Duplex | undefined,
  ) {}

  /** Opens the session. Throws when the engine does not accept it, or when the signal aborts. */
  static async open(docker: DockerClient, answers: BuildAnswers, signal: AbortSignal): Promise<BuildSession> {
    const server = new Server();
    const session = new BuildSession(server, undefined);
    const services = sessionServices(answers);
    for (const [path, handler] of Object.entries(services)) {
      const bytes = (value: Buffer) => value;
      const method = {
        path,
        requestStream: false,
        responseStream: false,
        requestSerialize: bytes,
        requestDeserialize: bytes,
        responseSerialize: bytes,
        responseDeserialize: bytes,
      };
      server.addService({ answer: method } satisfies ServiceDefinition, { answer: handler });
    }
    session.socket = await session.connect(docker, Object.keys(services), signal);
    server.createConnectionInjector(ServerCredentials.createInsecure()).injectConnection(session.socket);
    return session;
  }

  close(): void {
    this.server.forceShutdown();
    this.socket?.destroy();
  }

  private async connect(docker: DockerClient, methods: string[], signal: AbortSignal): Promise<Duplex> {
    const timeout = new AbortController();
    const timeoutError = new DockerError('unavailable', 'the Docker Engine does not open a session for the build');
    const timer = setTimeout(() => timeout.abort(timeoutError), CONNECT_MS);
    const opened = docker.dial<Duplex>({
      path: '/session',
      method: 'POST',
      hijack: true,
      headers: {
        Upgrade: 'h2c',
        'X-Docker-Expose-Session-Uuid': this.id,
        'X-Docker-Expose-Session-Name': 'berth',
        'X-Docker-Expose-Session-Grpc-Method': methods,
      },
      abortSignal: AbortSignal.any([signal, timeout.signal]),
      statusCodes: { 200: true, 500: 'server error' },
    });
    try {
      return await opened;
    } catch (error) {
      throw timeout.signal.aborted ? timeoutError : error;
    } finally {
      clearTimeout(timer);
    }
  }
}
