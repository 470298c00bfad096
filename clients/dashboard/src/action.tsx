import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Scope } from '../../typescript/src/index.js';
import { ApiFailure, type Call, curlOf, send } from './api.js';
import { Problem } from './parts.js';
import { may } from './session.js';

/** The same request as a curl line. */
export function Curl({ call, open = false }: { call: Call<unknown>; open?: boolean }) {
  const line = useSignal('');
  const shown = useSignal(open);
  useEffect(() => {
    if (shown.value) void curlOf(call).then((text) => (line.value = text));
  });
  return (
    <details class="curl" open={open} onToggle={(event) => (shown.value = event.currentTarget.open)}>
      <summary>curl</summary>
      <pre tabIndex={0} aria-label="The request as a command">
        {line}
      </pre>
      <CopyButton text={() => line.value} />
    </details>
  );
}

export function CopyButton({ text, label = 'Copy' }: { text: () => string; label?: string }) {
  const copied = useSignal<boolean | undefined>(undefined);
  const copy = (): void => {
    // Browsers offer the clipboard over HTTPS and on localhost only.
    const writing = navigator.clipboard?.writeText(text()) ?? Promise.reject(new Error('no clipboard'));
    void writing.then(
      () => (copied.value = true),
      () => (copied.value = false),
    );
  };
  const outcome = copied.value ? 'Copied' : 'Select and copy it';
  return (
    <button type="button" class="quiet" onClick={copy}>
      {copied.value === undefined ? label : outcome}
    </button>
  );
}

interface ActionProps<T> {
  label: string;
  call: Call<T>;
  /** absent: any key may */
  scope?: Scope;
  done: (data: T) => void;
  /** asks once more, with this question */
  question?: string;
  kind?: 'primary' | 'danger';
}

/** A button that sends one request, and shows its curl line. Absent without the scope. */
export function Action<T>({ label, call, scope, done, question, kind }: ActionProps<T>) {
  const asking = useSignal(false);
  const { run, busy, failure } = useSending(call, done);
  if (scope && !may(scope)) return null;
  const click = (): void => {
    if (question && !asking.value) asking.value = true;
    else {
      asking.value = false;
      run();
    }
  };
  return (
    <div class="action">
      {asking.value && <span role="status">{question}</span>}
      <button type="button" class={kind} disabled={busy} onClick={click}>
        {asking.value ? `Yes, ${label.toLowerCase()}` : label}
      </button>
      {asking.value && (
        <button type="button" class="quiet" onClick={() => (asking.value = false)}>
          No
        </button>
      )}
      <Curl call={call} />
      <Problem failure={failure} />
    </div>
  );
}

interface FormProps<T> {
  label: string;
  call: Call<T>;
  done: (data: T) => void;
  children: ComponentChildren;
}

/** Fields and one button that sends them. Enter sends, too. */
export function Form<T>({ label, call, done, children }: FormProps<T>) {
  const { run, busy, failure } = useSending(call, done);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        run();
      }}
    >
      {children}
      <div class="action">
        <button class="primary" disabled={busy}>
          {label}
        </button>
        <Curl call={call} />
        <Problem failure={failure} />
      </div>
    </form>
  );
}

export function useSending<T>(call: Call<T>, done: (data: T) => void) {
  const busy = useSignal(false);
  const failure = useSignal<ApiFailure | undefined>(undefined);
  const latest = useRef(call);
  latest.current = call;
  const run = (): void => {
    busy.value = true;
    failure.value = undefined;
    send(latest.current)
      .then(done, (error: unknown) => {
        if (error instanceof ApiFailure) failure.value = error;
        else throw error;
      })
      .finally(() => (busy.value = false));
  };
  return { run, busy: busy.value, failure: failure.value };
}
