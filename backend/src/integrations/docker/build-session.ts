import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { Server, ServerCredentials, type ServiceDefinition } from '@grpc/grpc-js';
import type { DockerClient } from './docker-client.js';
import { DockerError } from './docker-error.js';

const CONNECT_MS = 10_000;

/**
 * gRPC services of the session that BuildKit calls during a build. Without them it cannot fetch even the anonymous
 * token that Docker Hub requires.
 */
const SERVICES = {
  /** https://github.com/moby/buildkit/blob/master/session/auth/auth.proto: no user and no password. */
  '/moby.filesync.v1.Auth/Credentials': Buffer.alloc(0),
  /**
   * https://github.com/grpc/grpc/blob/master/doc/health-checking.md: SERVING; BuildKit drops a session that does not
   * respond.
   */
  '/grpc.health.v1.Health/Check': Buffer.from([0x08, 0x01]),
};

/** A connection to the Engine on which Berth is the gRPC server. */
export class BuildSession {
  readonly id = randomUUID();

  private constructor(
    private readonly server: Server,
    private socket: Duplex | undefined,
  ) {}

  /** Opens the session. Throws when the engine does not accept it, or when the signal aborts. */
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
        'X-Docker-Expose-Session-Grpc-Method': Object.keys(SERVICES),
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
