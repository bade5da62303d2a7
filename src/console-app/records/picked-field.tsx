import { useState } from 'react';
import { type About, type Choice, Field } from './fields.tsx';
import type { Bound } from './form.ts';

type Props = About &
  Bound<readonly string[]> & {
    choices: readonly Choice<string>[];
    /** What is chosen: "Add a room". */
    what: string;
  };

/** Some of many choices: those that are chosen, and a list to add another one from. */
export function PickedField({ label, hint, problem, value, onValue, choices, what }: Props) {
  const [next, setNext] = useState('');
  const rest = choices.filter((choice) => !value.includes(choice.value));
  const labelOf = (picked: string) => choices.find((choice) => choice.value === picked)?.label ?? 'Gone';
  return (
    <Field label={label} hint={hint} problem={problem}>
      {(ids) => (
        <>
          {value.length === 0 ? null : (
            <ul className="picked" aria-label={`${label}, chosen`}>
              {value.map((picked) => (
                <li key={picked}>
                  {labelOf(picked)}
                  <button
                    type="button"
                    className="button small quiet"
                    aria-label={`Remove ${labelOf(picked)}`}
                    onClick={() => onValue(value.filter((each) => each !== picked))}
                  >
                    Remove
                  </button>
                </li>
              ))}
            </ul>
          )}
          <span className="pick">
            <select {...ids} className="field" value={next} onChange={({ target }) => setNext(target.value)}>
              <option value="">{rest.length === 0 ? 'No other one' : `Choose a ${what}`}</option>
              {rest.map((choice) => (
                <option key={choice.value} value={choice.value}>
                  {choice.label}
                </option>
              ))}
            </select>
            <button
              type="button"
              className="button"
              aria-label={`Add the ${what}`}
              disabled={next === ''}
              onClick={() => {
                onValue([...value, next]);
                setNext('');
              }}
            >
              Add
            </button>
          </span>
        </>
      )}
    </Field>
  );
}
