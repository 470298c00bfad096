import { type ComponentChildren, Fragment } from 'preact';
import type { ApiFailure } from './api.js';
import { Long, Problem } from './parts.js';

export interface Row {
  key: string;
  /** the first is the row's header */
  cells: ComponentChildren[];
  isCurrent?: boolean;
  /** shown below, over all columns */
  below?: ComponentChildren;
}

interface TableProps {
  label: string;
  head: string[];
  /** undefined while they are loaded */
  rows: Row[] | undefined;
  failure?: ApiFailure | undefined;
  /** instead of no rows */
  empty?: ComponentChildren;
}

/** A wide table scrolls on its own, also by keyboard. */
export function Table({ label, head, rows, failure, empty }: TableProps) {
  if (!rows) return failure ? <Problem failure={failure} /> : <p>Loading …</p>;
  return (
    <>
      <Problem failure={failure} />
      {rows.length === 0 && empty}
      {rows.length > 0 && (
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
            <tbody>{rows.map((row) => tableRow(row, head.length))}</tbody>
          </table>
        </div>
      )}
    </>
  );
}

function tableRow({ key, cells: [first, ...others], isCurrent, below }: Row, width: number) {
  return (
    <Fragment key={key}>
      <tr {...(isCurrent && { 'aria-current': 'true' })}>
        <th scope="row">{first}</th>
        {others.map((cell, place) => (
          <td key={place}>{typeof cell === 'string' ? <Long text={cell} /> : cell}</td>
        ))}
      </tr>
      {below && (
        <tr>
          <td colSpan={width}>{below}</td>
        </tr>
      )}
    </Fragment>
  );
}
