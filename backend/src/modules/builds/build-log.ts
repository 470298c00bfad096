import { Injectable } from '@nestjs/common';
import { safeText } from '#src/common/safe-text.js';
import type { TaskLogLine } from '#src/integrations/docker/service-logs.js';
import { DeploymentChanges } from '#src/modules/deployments/events/deployment-changes.js';
import { decodeLogLine, encodeLogLine } from '#src/modules/deployments/logs/log-line-codec.js';
import { isAfter, type LogPosition } from '#src/modules/deployments/logs/log-position.js';
import { type BuildLogPart, BuildLogRepository } from './build-log.repository.js';

/** Task id of build log lines, which have no task. */
export const BUILD_SOURCE = 'build';
const FLUSH_MS = 300;
const FLUSH_CHARACTERS = 64_000;
const MAX_LINE = 8000;
/** Maximum size of one build log. */
export const MAX_LOG_CHARACTERS = 10_000_000;
const CUT = 'The log is cut here: it has reached 10 MB.';
const NS_PER_MS = 1_000_000n;

/** Stores the output of clone, build and release command with the deployment, in parts. */
@Injectable()
export class BuildLog {
  constructor(
    private readonly rows: BuildLogRepository,
    private readonly changes: DeploymentChanges,
  ) {}

  /** Opens a writer that appends to the lines of earlier attempts. It masks `secrets`. */
  async writer(deploymentId: string, secrets: string[]): Promise<BuildLogWriter> {
    const size = await this.rows.size(deploymentId);
    return new BuildLogWriter(size, secrets, (part, content) => this.rows.append(deploymentId, part, content));
  }

  /** The last `tail` of the lines from `since` on, in order. */
  async lines(deploymentId: string, { tail, since }: { tail: number; since?: Date }): Promise<TaskLogLine[]> {
    const from = since?.toISOString().replace('Z', '') ?? '';
    const lines = linesOf(await this.rows.partsAfter(deploymentId, 0));
    return lines.filter(({ time }) => time >= from).slice(-tail);
  }

  /** Yields the existing lines after the position and then new ones, until the build has ended or the signal aborts. */
  async *follow(
    deploymentId: string,
    { from = {}, tail, since }: { from?: LogPosition; tail?: number; since?: Date },
    signal: AbortSignal,
  ): AsyncGenerator<TaskLogLine[]> {
    const watch = this.changes.watch(deploymentId);
    const earliest = since?.toISOString().replace('Z', '') ?? '';
    let last = 0;
    try {
      while (!signal.aborted) {
        const isOver = !(await this.rows.isBuilding(deploymentId));
        const parts = await this.rows.partsAfter(deploymentId, last);
        const fresh = linesOf(parts).filter((line) => isAfter(from, line) && line.time >= earliest);
        const lines = last === 0 && tail !== undefined ? fresh.slice(-tail) : fresh;
        last = parts.at(-1)?.part ?? last;
        if (lines.length > 0) yield lines;
        if (isOver) return;
        await watch.next(signal);
      }
    } finally {
      watch.end();
    }
  }
}

/** Buffers lines for up to FLUSH_MS, so that a build with much output does not write a row per line. */
export class BuildLogWriter {
  private buffer: string[] = [];
  private characters = 0;
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> = Promise.resolve();
  private lastTime = 0n;
  private isCut: boolean;

  constructor(
    private readonly state: { parts: number; size: number },
    private readonly secrets: string[],
    private readonly write: (part: number, content: string) => Promise<void>,
  ) {
    this.isCut = state.size >= MAX_LOG_CHARACTERS;
  }

  add(text: string, stream: 'stdout' | 'stderr' = 'stdout'): void {
    if (this.isCut) return;
    const line = this.encode(this.masked(text), stream);
    if (this.state.size + line.length > MAX_LOG_CHARACTERS) {
      this.isCut = true;
      this.append(this.encode(CUT, 'stderr'));
    } else this.append(line);
  }

  /** Flushes all lines to the database. */
  async end(): Promise<void> {
    this.flush();
    await this.writing;
  }

  private append(line: string): void {
    this.buffer.push(line);
    this.characters += line.length;
    this.state.size += line.length;
    if (this.characters >= FLUSH_CHARACTERS) this.flush();
    else this.timer ??= setTimeout(() => this.flush(), FLUSH_MS);
  }

  private flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.buffer.length === 0) return;
    const content = this.buffer.join('\n');
    this.buffer = [];
    this.characters = 0;
    const part = ++this.state.parts;
    // An unavailable database loses lines of the log but does not fail the build.
    this.writing = this.writing.then(() => this.write(part, content)).catch(() => undefined);
  }

  private masked(text: string): string {
    return safeText(text, { maxLength: MAX_LINE, secrets: this.secrets });
  }

  private encode(text: string, stream: 'stdout' | 'stderr'): string {
    return JSON.stringify(encodeLogLine({ time: this.now(), taskId: BUILD_SOURCE, stream, text }));
  }

  /** Returns a unique time per line: a client that reconnects sends the time of its last line. */
  private now(): string {
    const clock = BigInt(Date.now()) * NS_PER_MS;
    this.lastTime = clock > this.lastTime ? clock : this.lastTime + 1n;
    const nanoseconds = (this.lastTime % (1000n * NS_PER_MS)).toString().padStart(9, '0');
    return `${new Date(Number(this.lastTime / NS_PER_MS)).toISOString().slice(0, 19)}.${nanoseconds}Z`;
  }
}

function linesOf(parts: BuildLogPart[]): TaskLogLine[] {
  return parts.flatMap(({ content }) => content.split('\n').map(decodeLogLine));
}
