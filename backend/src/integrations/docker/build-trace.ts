import protobuf from 'protobufjs/light.js';

/** The known state of a step of BuildKit's graph. */
export interface Vertex {
  digest: string;
  name: string;
  cached: boolean;
  started: boolean;
  error: string;
}

export interface VertexLog {
  vertex: string;
  stream: 'stdout' | 'stderr';
  text: string;
}

export interface BuildTrace {
  vertexes: Vertex[];
  logs: VertexLog[];
}

interface StatusResponse {
  vertexes: (Omit<Vertex, 'started'> & { started: object | null })[];
  logs: { vertex: string; stream: number; msg: Uint8Array }[];
}

const STDERR = 2;

/**
 * The fields of `moby.buildkit.v1.StatusResponse` that are read here.
 * https://github.com/moby/buildkit/blob/master/api/services/control/control.proto
 */
const statusResponse = protobuf.Root.fromJSON({
  nested: {
    StatusResponse: {
      fields: {
        vertexes: { rule: 'repeated', type: 'Vertex', id: 1 },
        logs: { rule: 'repeated', type: 'VertexLog', id: 3 },
      },
    },
    Vertex: {
      fields: {
        digest: { type: 'string', id: 1 },
        name: { type: 'string', id: 3 },
        cached: { type: 'bool', id: 4 },
        started: { type: 'Timestamp', id: 5 },
        error: { type: 'string', id: 7 },
      },
    },
    VertexLog: {
      fields: {
        vertex: { type: 'string', id: 1 },
        stream: { type: 'int64', id: 3 },
        msg: { type: 'bytes', id: 4 },
      },
    },
    Timestamp: { fields: {} },
  },
}).lookupType('StatusResponse');

/** Decodes one message of BuildKit's trace. */
export function decodeBuildTrace(bytes: Uint8Array): BuildTrace {
  const { vertexes, logs } = statusResponse.toObject(statusResponse.decode(bytes), {
    defaults: true,
    arrays: true,
    longs: Number,
  }) as StatusResponse;
  return {
    vertexes: vertexes.map(({ started, ...vertex }) => ({ ...vertex, started: started !== null })),
    logs: logs.map(({ vertex, stream, msg }) => ({
      vertex,
      stream: stream === STDERR ? 'stderr' : 'stdout',
      text: Buffer.from(msg).toString('utf8'),
    })),
  };
}
