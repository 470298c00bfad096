import { useEffect, useRef } from 'preact/hooks';
import { CopyButton } from './action.js';

/** A secret that the API returns once. It gets the focus, so that the user does not miss it. */
export function Once({ what, value, close }: { what: string; value: string; close: () => void }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => box.current?.focus(), [value]);
  return (
    <div class="once" role="group" aria-label={what} tabIndex={-1} ref={box}>
      <p>
        <strong>{what}</strong>: copy it now. It is not shown again.
      </p>
      <pre tabIndex={0} aria-label={`Value of: ${what}`}>
        {value}
      </pre>
      <CopyButton text={() => value} />
      <button type="button" class="quiet" onClick={close}>
        I have it
      </button>
    </div>
  );
}
