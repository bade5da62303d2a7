import { type MouseEvent, useRef, useState } from 'react';
import { withoutDirectionMarks } from '../words/names.ts';
import { type About, type Choice, Field } from './fields.tsx';
import type { Bound } from './form.ts';

type Props = About &
  Bound<readonly string[]> & {
    choices: readonly Choice<string>[];
    /** What is chosen: "Add a room". */
    what: string;
    /** What is said of something chosen that is none of the choices. */
    unknown?: string;
  };

/** Some of many choices: those that are chosen, and a list to add another one from. */
export function PickedField({ label, hint, problem, value, onValue, choices, what, unknown = 'Gone' }: Props) {
  const [next, setNext] = useState('');
  const rest = choices.filter((choice) => !value.includes(choice.value));
  const list = useRef<HTMLSelectElement>(null);
  const labelOf = (picked: string) => choices.find((choice) => choice.value === picked)?.label ?? unknown;

  /** The focus goes on to the next one, for its button goes away. */
  function remove({ currentTarget }: MouseEvent<HTMLButtonElement>, picked: string): void {
    const next = currentTarget.closest('li')?.nextElementSibling?.querySelector('button') ?? list.current;
    next?.focus();
    onValue(value.filter((each) => each !== picked));
  }
  function add(): void {
    list.current?.focus();
    onValue([...value, next]);
    setNext('');
  }
  return (
    <Field label={label} hint={hint} problem={problem}>
      {(ids) => (
        <>
          {value.length === 0 ? null : (
            <ul className="picked" aria-label={`${label}, chosen`}>
              {value.map((picked) => (
                <li key={picked}>
                  <bdi>{labelOf(picked)}</bdi>
                  <button
                    type="button"
                    className="button small quiet"
                    aria-label={`Remove ${labelOf(picked)}`}
                    onClick={(event) => remove(event, picked)}
                  >
                    Remove
                  </button>
                </li>
              ))}
            </ul>
          )}
          <span className="pick">
            <select {...ids} ref={list} className="field" value={next} onChange={({ target }) => setNext(target.value)}>
              <option value="">{rest.length === 0 ? 'No other one' : `Choose a ${what}`}</option>
              {rest.map((choice) => (
                <option key={choice.value} value={choice.value}>
                  {withoutDirectionMarks(choice.label)}
                </option>
              ))}
            </select>
            <button
              type="button"
              className="button"
              aria-label={`Add the ${what}`}
              disabled={next === ''}
              onClick={add}
            >
              Add
            </button>
          </span>
        </>
      )}
    </Field>
  );
}
