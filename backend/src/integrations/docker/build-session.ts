import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { Server, ServerCredentials, type ServiceDefinition } from '@grpc/grpc-js';
import type { DockerClient } from './docker-client.js';
import { DockerError } from './docker-error.js';

const CONNECT_MS = 10_000;

/** What BuildKit asks its client while it builds. Without someone to ask, it cannot even fetch an anonymous token, as Docker Hub wants one for every pull. */
const SERVICES = {
  /** https://github.com/moby/buildkit/blob/master/session/auth/auth.proto: nobody, without a password */
  '/moby.filesync.v1.Auth/Credentials': Buffer.alloc(0),
  /** https://github.com/grpc/grpc/blob/master/doc/health-checking.md: SERVING; a session that does not answer is given up after some seconds */
  '/grpc.health.v1.Health/Check': Buffer.from([0x08, 0x01]),
};

/** A connection that the Engine turns around: we answer on it. */
export class BuildSession {
  readonly id = randomUUID();

  private constructor(
    private readonly server: Server,
    private socket: Duplex | undefined,
  ) {}

  /** Throws when the engine does not take it up, and when the signal aborts. */
  static async open(docker: DockerClient, signal: AbortSignal): Promise<BuildSession> {
    const server = new Server();
    const session = new BuildSession(server, undefined);
    for (const [path, answer] of Object.entries(SERVICES)) {
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
      const answered = { answer: (_: unknown, done: (error: null, value: Buffer) => void) => done(null, answer) };
      server.addService({ answer: method } satisfies ServiceDefinition, answered);
    }
    session.socket = await session.connect(docker, signal);
    server.createConnectionInjector(ServerCredentials.createInsecure()).injectConnection(session.socket);
    return session;
  }

  close(): void {
    this.server.forceShutdown();
    this.socket?.destroy();
  }

  private async connect(docker: DockerClient, signal: AbortSignal): Promise<Duplex> {
    const patience = new AbortController();
    const hangs = new DockerError('unavailable', 'the Docker Engine does not open a session for the build');
    const timer = setTimeout(() => patience.abort(hangs), CONNECT_MS);
    const opened = docker.dial<Duplex>({
      path: '/session',
      method: 'POST',
      hijack: true,
      headers: {
        Upgrade: 'h2c',
        'X-Docker-Expose-Session-Uuid': this.id,
        'X-Docker-Expose-Session-Name': 'berth',
        'X-Docker-Expose-Session-Grpc-Method': Object.keys(SERVICES),
      },
      abortSignal: AbortSignal.any([signal, patience.signal]),
      statusCodes: { 200: true, 500: 'server error' },
    });
    try {
      return await opened;
    } catch (error) {
      throw patience.signal.aborted ? hangs : error;
    } finally {
      clearTimeout(timer);
    }
  }
}
