/**
 * Asks somebody slow once for many. Whoever comes while an answer is under way gets the next one, together with all who come meanwhile: every answer
 * belongs to a question that began after its asker came.
 */
export class SingleFlight<T> {
  private readonly lanes = new Map<string, { ended: Promise<unknown>; next?: Promise<T> }>();

  /** Throws the signal's reason when it aborts; the others still get their answer. */
  async run(key: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    const lane = this.lanes.get(key);
    if (!lane) return unless(signal, this.start(key, work));
    lane.next ??= lane.ended.then(() => this.start(key, work));
    return unless(signal, lane.next);
  }

  private start(key: string, work: () => Promise<T>): Promise<T> {
    const answer = work();
    const lane: { ended: Promise<unknown>; next?: Promise<T> } = { ended: answer.catch(() => undefined) };
    this.lanes.set(key, lane);
    void lane.ended.then(() => {
      if (!lane.next) this.lanes.delete(key);
    });
    return answer;
  }
}

function unless<T>(signal: AbortSignal, answer: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', abort, { once: true });
    answer.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', abort);
    });
  });
}
