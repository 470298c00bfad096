/**
 * Deduplicates concurrent calls of a slow operation. Callers that come while a call runs wait for the next one, which
 * they have in common: every result belongs to a call that started after its caller came.
 */
export class SingleFlight<T> {
  private readonly flights = new Map<string, { ended: Promise<unknown>; next?: Promise<T> }>();

  /** Throws the signal's reason when it aborts; the other callers still get their result. */
  async run(key: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    const flight = this.flights.get(key);
    if (!flight) return rejectOnAbort(signal, this.start(key, work));
    flight.next ??= flight.ended.then(() => this.start(key, work));
    return rejectOnAbort(signal, flight.next);
  }

  private start(key: string, work: () => Promise<T>): Promise<T> {
    const result = work();
    const flight: { ended: Promise<unknown>; next?: Promise<T> } = { ended: result.catch(() => undefined) };
    this.flights.set(key, flight);
    void flight.ended.then(() => {
      if (!flight.next) this.flights.delete(key);
    });
    return result;
  }
}

function rejectOnAbort<T>(signal: AbortSignal, result: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', abort, { once: true });
    result.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', abort);
    });
  });
}
