interface ChoiceProps {
  label: string;
  name: string;
  /** value and text of each */
  of: [string, string][];
  value: string;
  onChoose: (value: string) => void;
}

/** One of several values. */
export function Choice({ label, name, of, value, onChoose }: ChoiceProps) {
  return (
    <p class="field">
      <label for={`field-${name}`}>{label}</label>
      <select id={`field-${name}`} name={name} value={value} onChange={(event) => onChoose(event.currentTarget.value)}>
        {of.map(([option, text]) => (
          <option key={option} value={option}>
            {text}
          </option>
        ))}
      </select>
    </p>
  );
}

interface ChecksProps<T extends string> {
  legend: string;
  hint?: string;
  /** value and text of each */
  of: [T, string][];
  chosen: T[];
  onChange: (chosen: T[]) => void;
}

/** No name that the API takes is longer. */
const MAX_TEXT = 64;

/** Any of several values. */
export function Checks<T extends string>({ legend, hint, of, chosen, onChange }: ChecksProps<T>) {
  return (
    <fieldset class="checks">
      <legend>{legend}</legend>
      {of.map(([value, text]) => (
        <label key={value}>
          <input
            type="checkbox"
            checked={chosen.includes(value)}
            onChange={({ currentTarget: { checked } }) =>
              onChange(of.map(([one]) => one).filter((one) => (one === value ? checked : chosen.includes(one))))
            }
          />{' '}
          {text.slice(0, MAX_TEXT)}
        </label>
      ))}
      {hint && <small class="note">{hint}</small>}
    </fieldset>
  );
}
