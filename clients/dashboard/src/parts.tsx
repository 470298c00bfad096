import type { Signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import type { ApiFailure, Call } from './api.js';
import { Curl } from './action.js';
import { href } from './route.js';
import { slug } from './text.js';

/** Longer than any name that the API takes. */
const MAX_HEADING = 200;

/** The name of a screen, also in the tab. */
export function Heading({ text, children }: { text: string; children?: ComponentChildren }) {
  const heading = text.slice(0, MAX_HEADING);
  useEffect(() => {
    document.title = `${heading} · Berth`;
  }, [heading]);
  return (
    <h1>
      {heading} {children}
    </h1>
  );
}

/** The screens above this one. */
export function Path({ environment }: { environment?: { id: string; name: string } }) {
  return (
    <nav aria-label="Path">
      <a href={href('environments')}>Environments</a>
      {environment && ' / '}
      {environment && <a href={href('environments', environment.id)}>{environment.name}</a>}
    </nav>
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

interface SectionProps {
  title: string;
  side?: ComponentChildren;
  children: ComponentChildren;
}

export function Section({ title, side, children }: SectionProps) {
  const id = slug(title);
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

export interface FieldProps {
  label: string;
  /** what is typed */
  of: Signal<string>;
  hint?: string;
  isSecret?: boolean;
  required?: boolean;
  rows?: number;
  /** what is wrong with it: the browser shows it, and sends nothing */
  mistake?: string | undefined;
}

export function Field({ label, of, hint, rows, isSecret, required = false, mistake = '' }: FieldProps) {
  const id = `field-${slug(label)}`;
  const shared = {
    id,
    required,
    ref: (element: HTMLInputElement | HTMLTextAreaElement | null) => element?.setCustomValidity(mistake),
    value: of.value,
    autocomplete: 'off',
    spellcheck: false,
    onInput: ({ currentTarget }: { currentTarget: { value: string } }) => (of.value = currentTarget.value),
    ...(hint && { 'aria-describedby': `${id}-hint` }),
  };
  return (
    <p class="field">
      <label for={id}>{label}</label>
      {rows && <textarea rows={rows} {...shared} />}
      {!rows && (isSecret ? <input type="password" {...shared} /> : <input {...shared} />)}
      {hint && (
        <small class="note" id={`${id}-hint`}>
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
