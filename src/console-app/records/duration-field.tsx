import { useState } from 'react';
import { type About, Field } from './fields.tsx';
import type { Bound } from './form.ts';

const UNITS = [
  { name: 'days', seconds: 86_400 },
  { name: 'hours', seconds: 3600 },
  { name: 'minutes', seconds: 60 },
  { name: 'seconds', seconds: 1 },
] as const;

type Unit = (typeof UNITS)[number];

type Props = About & Bound<number | null> & { /** What an empty field means. */ empty: string };

/** A length of time in seconds, as a number and its unit; null when the field is empty. */
export function DurationField({ label, hint, problem, value, onValue, empty }: Props) {
  const [chosen, setUnit] = useState<Unit>(() => unitOf(value));
  const unit = value === null || value % chosen.seconds === 0 ? chosen : unitOf(value);
  return (
    <Field label={label} hint={hint} problem={problem}>
      {(ids) => (
        <span className="duration">
          <input
            {...ids}
            className="field"
            type="number"
            inputMode="numeric"
            min={1}
            step={1}
            placeholder={empty}
            value={value === null ? '' : value / unit.seconds}
            onChange={({ target }) => onValue(target.value === '' ? null : target.valueAsNumber * unit.seconds)}
          />
          <select
            className="field"
            aria-label={`${label}: unit`}
            value={unit.name}
            onChange={({ target }) => {
              const next = UNITS.find(({ name }) => name === target.value) ?? unit;
              setUnit(next);
              if (value !== null) onValue((value / unit.seconds) * next.seconds);
            }}
          >
            {UNITS.map(({ name }) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </span>
      )}
    </Field>
  );
}

/** The largest unit in which a length is a whole number. */
function unitOf(seconds: number | null): Unit {
  const [days, hours, minutes, single] = UNITS;
  if (seconds === null) return hours;
  return [days, hours, minutes].find((unit) => seconds % unit.seconds === 0) ?? single;
}
