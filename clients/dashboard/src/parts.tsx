import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import type { ApiFailure, Call } from './api.js';
import { Curl } from './action.js';

/** The name of a screen, also in the tab. */
export function Heading({ text, children }: { text: string; children?: ComponentChildren }) {
  useEffect(() => {
    document.title = `${text} · Berth`;
  }, [text]);
  return (
    <h1>
      {text} {children}
    </h1>
  );
}

/** A status in words; the color only repeats it. */
export function Badge({ value }: { value: string }) {
  return <span class={`badge is-${value.toLowerCase().replaceAll('_', '-')}`}>{value}</span>;
}

export function Problem({ failure }: { failure: ApiFailure | undefined }) {
  if (!failure) return null;
  const { hint, errors } = failure.problem;
  return (
    <div class="problem" role="alert">
      <strong>{failure.message}</strong> {hint}
      {errors && (
        <ul>
          {errors.map(({ path, message }) => (
            <li key={path}>
              <code>{path}</code> {message}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** Says what to do where nothing is there yet. */
export function Empty({ children, call }: { children: ComponentChildren; call?: Call<unknown> }) {
  return (
    <div class="empty">
      <p>{children}</p>
      {call && <Curl call={call} open />}
    </div>
  );
}

export function Section({
  title,
  side,
  children,
}: {
  title: string;
  side?: ComponentChildren;
  children: ComponentChildren;
}) {
  const id = title.toLowerCase().replaceAll(/[^a-z]+/g, '-');
  return (
    <section aria-labelledby={id}>
      <header>
        <h2 id={id}>{title}</h2>
        {side}
      </header>
      {children}
    </section>
  );
}

interface FieldProps {
  label: string;
  name: string;
  hint?: string;
  value?: string;
  isSecret?: boolean;
  required?: boolean;
  rows?: number;
  onInput?: (value: string) => void;
}

export function Field({ label, name, hint, rows, isSecret, onInput, ...more }: FieldProps) {
  const shared = {
    id: `field-${name}`,
    name,
    autocomplete: 'off',
    spellcheck: false,
    ...(hint && { 'aria-describedby': `hint-${name}` }),
    ...(onInput && { onInput: (event: InputEvent) => onInput((event.target as HTMLInputElement).value) }),
    ...more,
  };
  return (
    <p class="field">
      <label for={shared.id}>{label}</label>
      {rows && <textarea rows={rows} {...shared} />}
      {!rows && (isSecret ? <input type="password" {...shared} /> : <input {...shared} />)}
      {hint && (
        <small class="note" id={`hint-${name}`}>
          {hint}
        </small>
      )}
    </p>
  );
}

/** A text of any length: a long one scrolls on its own. */
export function Long({ text }: { text: string }) {
  if (text.length <= 400) return <>{text}</>;
  return (
    <pre class="long" tabIndex={0}>
      {text}
    </pre>
  );
}

/** A wide table scrolls on its own, also by keyboard. */
export function Table({ label, head, children }: { label: string; head: string[]; children: ComponentChildren }) {
  return (
    <div class="scroll" role="group" aria-label={label} tabIndex={0}>
      <table>
        <thead>
          <tr>
            {head.map((text) => (
              <th key={text} scope="col">
                {text}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}

export function Facts({ of }: { of: [string, ComponentChildren][] }) {
  return (
    <dl class="facts">
      {of
        .filter(([, value]) => value !== null && value !== undefined && value !== '' && value !== false)
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}
