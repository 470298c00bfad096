import { Injectable } from '@nestjs/common';
import { safeText } from '#src/common/safe-text.js';
import { newestLines } from '#src/integrations/docker/newest-lines.js';
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
const MAX_PART = 2 ** 31 - 1;
/** Parts that one query reads: some 500 KB. */
const PARTS_AT_ONCE = 8;
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

  /** The newest lines from `since` on, in order: at most `tail`, and as many as fit into one answer. */
  async lines(deploymentId: string, { tail, since }: { tail: number; since?: Date }): Promise<TaskLogLine[]> {
    return (await this.newest(deploymentId, tail, from(since))).lines;
  }

  /** Yields the existing lines after the position and then new ones, until the build has ended or the signal aborts. */
  async *follow(
    deploymentId: string,
    { from: position = {}, tail, since }: { from?: LogPosition; tail?: number; since?: Date },
    signal: AbortSignal,
  ): AsyncGenerator<TaskLogLine[]> {
    const watch = this.changes.watch(deploymentId);
    const earliest = from(since);
    const unread = (lines: TaskLogLine[]) => lines.filter((line) => isAfter(position, line) && line.time >= earliest);
    try {
      const first = tail === undefined ? undefined : await this.newest(deploymentId, tail, earliest);
      const known = unread(first?.lines ?? []);
      if (known.length > 0) yield known;
      for (let last = first?.lastPart ?? 0; !signal.aborted;) {
        const isOver = !(await this.rows.isBuilding(deploymentId));
        const parts = await this.rows.partsAfter(deploymentId, last, PARTS_AT_ONCE);
        last = parts.at(-1)?.part ?? last;
        const lines = unread(parts.flatMap(linesOf));
        if (lines.length > 0) yield lines;
        if (parts.length === PARTS_AT_ONCE) continue;
        if (isOver) return;
        await watch.next(signal);
      }
    } finally {
      watch.end();
    }
  }

  private async newest(
    id: string,
    tail: number,
    earliest: string,
  ): Promise<{ lines: TaskLogLine[]; lastPart: number }> {
    let lines: TaskLogLine[] = [];
    let lastPart = 0;
    for (let before = MAX_PART; ;) {
      const parts = await this.rows.partsBefore(id, before, PARTS_AT_ONCE);
      lastPart ||= parts[0]?.part ?? 0;
      before = parts.at(-1)?.part ?? 0;
      const found = parts.toReversed().flatMap(linesOf);
      const all = [...found.filter(({ time }) => time >= earliest), ...lines];
      lines = newestLines(all, tail);
      const isFull = lines.length < all.length || lines.length === tail;
      if (isFull || parts.length < PARTS_AT_ONCE || (found[0]?.time ?? '') < earliest) return { lines, lastPart };
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

function linesOf({ content }: BuildLogPart): TaskLogLine[] {
  return content.split('\n').map(decodeLogLine);
}

function from(since: Date | undefined): string {
  return since?.toISOString().replace('Z', '') ?? '';
}
