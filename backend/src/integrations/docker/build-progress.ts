import type { BuildTrace, Vertex } from './build-trace.js';

export interface BuildLine {
  stream: 'stdout' | 'stderr';
  text: string;
}

export interface BuildSteps {
  current: number;
  total: number;
}

/** The step that failed a build, with its last output. */
export interface FailedStep {
  name: string;
  error: string;
  output: string[];
}

/** A line without an end is not gathered further: the log of a build cuts lines earlier. */
const MAX_OPEN_LINE = 16_384;

/** Converts BuildKit's graph to readable lines, a heading per step and its output, and counts the finished steps. */
export class BuildProgress {
  private readonly vertexes = new Map<string, Vertex & { number: number }>();
  /** Incomplete lines by step and stream. */
  private readonly open = new Map<string, BuildLine>();
  failed: FailedStep | undefined;
  private readonly output = new Map<string, string[]>();

  constructor(
    private readonly onLine: (line: BuildLine) => void,
    private readonly maxLines: number,
  ) {}

  push({ vertexes, logs }: BuildTrace): void {
    for (const vertex of vertexes) this.vertex(vertex);
    for (const { vertex, stream, text } of logs) this.log(vertex, stream, text);
  }

  /** Finished and total steps of the Dockerfile over all stages. */
  get steps(): BuildSteps {
    const own = [...this.vertexes.values()].filter(({ name }) => isInstruction(name));
    return { current: own.filter(({ started }) => started).length, total: own.length };
  }

  end(): void {
    for (const key of [...this.open.keys()]) this.flush(key);
  }

  private vertex(vertex: Vertex): void {
    const known = this.vertexes.get(vertex.digest);
    const number = known?.number ?? this.vertexes.size + 1;
    this.vertexes.set(vertex.digest, { ...vertex, number, started: vertex.started || (known?.started ?? false) });
    const isShown = isInstruction(vertex.name) || vertex.error !== '';
    if (isShown && vertex.started && !known?.started)
      this.onLine({ stream: 'stdout', text: `#${number} ${vertex.name}` });
    if (isShown && vertex.cached && !known?.cached) this.onLine({ stream: 'stdout', text: `#${number} CACHED` });
    if (vertex.error && !known?.error) {
      for (const stream of ['stdout', 'stderr']) this.flush(`${vertex.digest} ${stream}`);
      this.onLine({ stream: 'stderr', text: `#${number} ERROR: ${vertex.error}` });
      this.failed ??= { name: vertex.name, error: vertex.error, output: this.output.get(vertex.digest) ?? [] };
    }
  }

  private log(vertex: string, stream: 'stdout' | 'stderr', text: string): void {
    const key = `${vertex} ${stream}`;
    const lines = text.split('\n');
    lines[0] = (this.open.get(key)?.text ?? '') + (lines[0] ?? '');
    const rest = (lines.pop() ?? '').slice(0, MAX_OPEN_LINE);
    for (const line of lines) this.line(vertex, { stream, text: line });
    if (rest) this.open.set(key, { stream, text: rest });
    else this.open.delete(key);
  }

  private flush(key: string): void {
    const line = this.open.get(key);
    this.open.delete(key);
    if (line) this.line(key.split(' ')[0] ?? '', line);
  }

  private line(vertex: string, { stream, text }: BuildLine): void {
    // A terminal would overwrite the text before a carriage return.
    const end = text.endsWith('\r') ? text.length - 1 : text.length;
    const shown = text.slice(text.lastIndexOf('\r', end - 1) + 1, end);
    const kept = this.output.get(vertex) ?? [];
    kept.push(shown);
    if (kept.length > this.maxLines) kept.shift();
    this.output.set(vertex, kept);
    const number = this.vertexes.get(vertex)?.number;
    this.onLine({ stream, text: number === undefined ? shown : `#${number} ${shown}` });
  }
}

/** `[2/3] RUN …`, `[build 2/5] COPY …`; not `[internal] load …`. */
function isInstruction(name: string): boolean {
  return /^\[(?:[^\] ]+ )?\d+\/\d+\] /.test(name);
}
