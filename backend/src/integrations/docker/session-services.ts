import { type sendUnaryData, type ServerUnaryCall, status } from '@grpc/grpc-js';
import protobuf from 'protobufjs/light.js';

/** What a build may ask for: credentials of one registry, and secrets by id. */
export interface BuildAnswers {
  secrets: Record<string, string>;
  credentials: BuildCredentials | undefined;
}

export interface BuildCredentials {
  /** the hosts that may receive them, as BuildKit names them: with a port, if there is one */
  hosts: string[];
  username: string;
  password: string;
}

type Answer = (request: Buffer) => Buffer | undefined;
type Handler = (call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) => void;

/**
 * The messages that are read and written here, of
 * https://github.com/moby/buildkit/blob/master/session/auth/auth.proto and
 * https://github.com/moby/buildkit/blob/master/session/secrets/secrets.proto.
 */
const messages = protobuf.Root.fromJSON({
  nested: {
    CredentialsRequest: { fields: { host: { type: 'string', id: 1 } } },
    CredentialsResponse: { fields: { username: { type: 'string', id: 1 }, secret: { type: 'string', id: 2 } } },
    GetSecretRequest: { fields: { id: { type: 'string', id: 1 } } },
    GetSecretResponse: { fields: { data: { type: 'bytes', id: 1 } } },
  },
});

/** The gRPC methods that BuildKit calls during a build, by path. */
export function sessionServices({ secrets, credentials }: BuildAnswers): Record<string, Handler> {
  const answers: Record<string, Answer> = {
    // Without an answer BuildKit cannot fetch even the anonymous token that Docker Hub requires.
    '/moby.filesync.v1.Auth/Credentials': (request) => {
      const host = decode('CredentialsRequest', request)['host'];
      const { username, password } = credentials?.hosts.includes(String(host)) ? credentials : ANONYMOUS;
      return encode('CredentialsResponse', { username, secret: password });
    },
    '/moby.buildkit.secrets.v1.Secrets/GetSecret': (request) => {
      const id = String(decode('GetSecretRequest', request)['id']);
      const value = Object.hasOwn(secrets, id) ? secrets[id] : undefined;
      return value === undefined ? undefined : encode('GetSecretResponse', { data: Buffer.from(value) });
    },
    // SERVING: https://github.com/grpc/grpc/blob/master/doc/health-checking.md. Else BuildKit drops the session.
    '/grpc.health.v1.Health/Check': () => Buffer.from([0x08, 0x01]),
  };
  return Object.fromEntries(Object.entries(answers).map(([path, answer]) => [path, handlerOf(answer)]));
}

const ANONYMOUS = { username: '', password: '' };

function handlerOf(answer: Answer): Handler {
  return ({ request }, done) => {
    const response = answer(request);
    if (response) done(null, response);
    else done({ code: status.NOT_FOUND, details: 'not found' });
  };
}

function decode(name: string, bytes: Buffer): Record<string, unknown> {
  const type = messages.lookupType(name);
  return type.toObject(type.decode(bytes), { defaults: true });
}

function encode(name: string, value: Record<string, unknown>): Buffer {
  const type = messages.lookupType(name);
  return Buffer.from(type.encode(type.create(value)).finish());
}
