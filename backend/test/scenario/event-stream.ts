export interface ReceivedEvent {
  id: string;
  event: string;
  data: Record<string, unknown>;
  /** milliseconds, as performance.now() */
  at: number;
}

/** A reader of server-sent events, as the HTML standard has them. */
export class EventStream {
  readonly received: ReceivedEvent[] = [];
  comments = 0;
  /** Resolves when the server ended the stream, or it broke. */
  readonly ended: Promise<'end' | 'broken'>;

  private constructor(
    readonly response: Response,
    private readonly controller: AbortController,
  ) {
    this.ended = this.read().then(
      () => 'end',
      () => 'broken',
    );
  }

  static async open(url: string, headers: Record<string, string>): Promise<EventStream> {
    const controller = new AbortController();
    const response = await fetch(url, {
      headers: { Accept: 'text/event-stream', ...headers },
      signal: controller.signal,
    });
    return new EventStream(response, controller);
  }

  get lastId(): string {
    return this.received.at(-1)?.id ?? '';
  }

  of(event: string): ReceivedEvent[] {
    return this.received.filter((one) => one.event === event);
  }

  get statuses(): unknown[] {
    return this.of('status').map(({ data }) => data['status']);
  }

  get lines(): unknown[] {
    return this.of('log').map(({ data }) => data['text']);
  }

  close(): void {
    this.controller.abort();
  }

  private async read(): Promise<void> {
    let rest = '';
    const decoder = new TextDecoder();
    for await (const chunk of this.response.body ?? []) {
      rest += decoder.decode(chunk as Uint8Array, { stream: true });
      const blocks = rest.split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) this.take(block);
    }
  }

  private take(block: string): void {
    if (block.startsWith(':')) {
      this.comments += 1;
      return;
    }
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? '';
    const data = JSON.parse(field('data')) as Record<string, unknown>;
    this.received.push({ id: field('id'), event: field('event'), data, at: performance.now() });
  }
}
