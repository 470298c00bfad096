import type { Reader } from 'protobufjs/minimal.js';

/** A step of BuildKit's graph, as far as it is known. */
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

type ReaderClass = typeof Reader;

const STDERR = 2;

/**
 * One message of BuildKit's trace: `moby.buildkit.v1.StatusResponse`, of which this reads the vertexes and logs.
 * https://github.com/moby/buildkit/blob/master/api/services/control/control.proto
 */
export function decodeBuildTrace(bytes: Uint8Array, reader: ReaderClass): BuildTrace {
  const trace: BuildTrace = { vertexes: [], logs: [] };
  eachField(bytes, reader, (field, input) => {
    if (field === 1) trace.vertexes.push(vertexOf(input.bytes(), reader));
    else if (field === 3) trace.logs.push(logOf(input.bytes(), reader));
    else return false;
    return true;
  });
  return trace;
}

function vertexOf(bytes: Uint8Array, reader: ReaderClass): Vertex {
  const vertex: Vertex = { digest: '', name: '', cached: false, started: false, error: '' };
  eachField(bytes, reader, (field, input) => {
    if (field === 1) vertex.digest = input.string();
    else if (field === 3) vertex.name = input.string();
    else if (field === 4) vertex.cached = input.bool();
    else if (field === 7) vertex.error = input.string();
    else {
      // A time: that it is there is what counts.
      if (field === 5) vertex.started = true;
      return false;
    }
    return true;
  });
  return vertex;
}

function logOf(bytes: Uint8Array, reader: ReaderClass): VertexLog {
  const log: VertexLog = { vertex: '', stream: 'stdout', text: '' };
  eachField(bytes, reader, (field, input) => {
    if (field === 1) log.vertex = input.string();
    else if (field === 3) log.stream = Number(input.int64()) === STDERR ? 'stderr' : 'stdout';
    else if (field === 4) log.text = Buffer.from(input.bytes()).toString('utf8');
    else return false;
    return true;
  });
  return log;
}

/** `take` answers whether it has read the field's value; what it has not is skipped. */
function eachField(bytes: Uint8Array, reader: ReaderClass, take: (field: number, input: Reader) => boolean): void {
  const input = reader.create(bytes);
  while (input.pos < input.len) {
    const tag = input.uint32();
    if (!take(tag >>> 3, input)) input.skipType(tag & 7);
  }
}
