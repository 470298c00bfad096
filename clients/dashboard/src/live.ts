import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Client } from '../../typescript/src/client/index.js';
import { getMe } from '../../typescript/src/index.js';
import { ApiFailure, type Call, outage, send, apiClient } from './api.js';

const RETRY_MS = 2000;

export interface Loaded<T> {
  data: T | undefined;
  failure: ApiFailure | undefined;
  reload: () => void;
}

/** Loads now, every `everyMs` while the page is shown, and when it is shown again. An outage keeps the last data. */
export function useLoaded<T>(call: Call<T>, dependencies: unknown[], everyMs?: number): Loaded<T> {
  const data = useSignal<T | undefined>(undefined);
  const failure = useSignal<ApiFailure | undefined>(undefined);
  const wake = useSignal<() => void>(() => undefined);

  useEffect(() => {
    data.value = undefined;
    failure.value = undefined;
  }, dependencies);

  useEffect(() => {
    let timer = 0;
    let isOver = false;
    const load = async (): Promise<void> => {
      clearTimeout(timer);
      let pause = everyMs;
      try {
        const loaded = await send(call);
        if (isOver) return;
        data.value = loaded;
        failure.value = undefined;
      } catch (error) {
        if (isOver || !(error instanceof ApiFailure)) return;
        if (error.isOutage || error.status === 429) pause = Math.max(RETRY_MS, everyMs ?? 0);
        if (!error.isOutage) failure.value = error;
      }
      if (pause && !document.hidden) timer = setTimeout(() => void load(), pause);
    };
    const shown = (): void => {
      if (!document.hidden) void load();
    };
    wake.value = () => void load();
    document.addEventListener('visibilitychange', shown);
    void load();
    return () => {
      isOver = true;
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', shown);
    };
  }, [...dependencies, everyMs]);

  return { data: data.value, failure: failure.value, reload: () => wake.value() };
}

export interface StreamOptions {
  client: Client;
  signal: AbortSignal;
  headers: Record<string, string>;
  sseMaxRetryAttempts: number;
  onSseEvent: (event: { event?: string; data: unknown; id?: string }) => void;
  onSseError: () => void;
}

/** One event stream: resumes with Last-Event-ID. Returns whether it is connected. */
export function useStream(
  open: ((options: StreamOptions) => Promise<{ stream: AsyncGenerator }>) | undefined,
  dependencies: unknown[],
  onEvent: (event: string, data: Record<string, unknown>) => void,
): boolean {
  const connected = useSignal(true);
  useEffect(() => {
    if (!open) return undefined;
    const stop = new AbortController();
    void follow(open, stop.signal, onEvent, (value) => (connected.value = value));
    return () => stop.abort();
  }, [...dependencies, Boolean(open)]);
  return connected.value;
}

async function follow(
  open: (options: StreamOptions) => Promise<{ stream: AsyncGenerator }>,
  signal: AbortSignal,
  onEvent: (event: string, data: Record<string, unknown>) => void,
  setConnected: (value: boolean) => void,
): Promise<void> {
  let lastId = '';
  while (!signal.aborted) {
    const { stream } = await open({
      client: apiClient,
      signal,
      headers: lastId ? { 'Last-Event-ID': lastId } : {},
      sseMaxRetryAttempts: 1,
      onSseEvent: ({ event, data, id }) => {
        setConnected(true);
        outage.value = undefined;
        lastId = id ?? lastId;
        onEvent(event ?? '', data as Record<string, unknown>);
      },
      onSseError: () => setConnected(false),
    });
    for await (const _ of stream) if (signal.aborted) return;
    if (signal.aborted) return;
    // The stream also ends when the key is revoked: this request then ends the session.
    await send((client) => getMe({ client })).then(
      () => setConnected(true),
      () => setConnected(false),
    );
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS / 2));
  }
}
