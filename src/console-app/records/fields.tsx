import { type ReactNode, useId } from 'react';
import { withoutDirectionMarks } from '../words/names.ts';
import type { Bound } from './form.ts';

export type About = { label: string; hint?: ReactNode };

/** A label, the field, what it means, and what is wrong with it. */
export function Field({
  label,
  hint,
  problem,
  children,
}: About & { problem: string | undefined; children: (ids: FieldIds) => ReactNode }) {
  const id = useId();
  const described = [hint === undefined ? null : `${id}-hint`, problem === undefined ? null : `${id}-problem`];
  const ids: FieldIds = {
    id,
    'aria-describedby': described.filter((each) => each !== null).join(' ') || undefined,
    'aria-invalid': problem === undefined ? undefined : true,
  };
  return (
    <div className="form-field">
      <label htmlFor={id}>{withoutDirectionMarks(label)}</label>
      {children(ids)}
      {hint === undefined ? null : (
        <p id={`${id}-hint`} className="form-hint muted">
          {hint}
        </p>
      )}
      {problem === undefined ? null : (
        <p id={`${id}-problem`} className="form-problem">
          {problem}
        </p>
      )}
    </div>
  );
}

type FieldIds = { id: string; 'aria-describedby': string | undefined; 'aria-invalid': true | undefined };

type TextProps = About &
  Bound<string> & {
    isRequired?: boolean;
    /** Text that is no sentence, such as an address. */
    isCode?: boolean;
    type?: 'text' | 'email' | 'url' | 'date';
    placeholder?: string;
  };

export function TextField({ label, hint, problem, value, onValue, isRequired, isCode, type, placeholder }: TextProps) {
  return (
    <Field label={label} hint={hint} problem={problem}>
      {(ids) => (
        <input
          {...ids}
          className="field"
          type={type ?? 'text'}
          required={isRequired}
          spellCheck={isCode === true ? false : undefined}
          autoComplete="off"
          placeholder={placeholder}
          value={value}
          onChange={(event) => onValue(event.target.value)}
        />
      )}
    </Field>
  );
}

export function LongTextField({
  label,
  hint,
  problem,
  value,
  onValue,
  isCode,
  rows = 4,
}: TextProps & { rows?: number }) {
  return (
    <Field label={label} hint={hint} problem={problem}>
      {(ids) => (
        <textarea
          {...ids}
          className={isCode === true ? 'field is-code' : 'field'}
          rows={rows}
          spellCheck={isCode === true ? false : undefined}
          value={value}
          onChange={(event) => onValue(event.target.value)}
        />
      )}
    </Field>
  );
}

type NumberProps = About &
  Bound<number | null> & { min?: number; max?: number /** What an empty field means. */; empty?: string };

/** A whole number; null when the field is empty. */
export function NumberField({ label, hint, problem, value, onValue, min, max, empty }: NumberProps) {
  return (
    <Field label={label} hint={hint} problem={problem}>
      {(ids) => (
        <input
          {...ids}
          className="field is-short"
          type="number"
          inputMode="numeric"
          step={1}
          min={min}
          max={max}
          placeholder={empty}
          value={value ?? ''}
          onChange={({ target }) => onValue(target.value === '' ? null : target.valueAsNumber)}
        />
      )}
    </Field>
  );
}

export type Choice<Value extends string> = { readonly value: Value; readonly label: string };

type SelectProps<Value extends string> = About & Bound<Value> & { choices: readonly Choice<Value>[] };

export function SelectField<Value extends string>(props: SelectProps<Value>) {
  const { label, hint, problem, value, onValue, choices } = props;
  return (
    <Field label={label} hint={hint} problem={problem}>
      {(ids) => (
        <select {...ids} className="field" value={value} onChange={(event) => onValue(event.target.value as Value)}>
          {choices.length === 0 ? <option value="">There is none</option> : null}
          {choices.map((choice) => (
            <option key={choice.value} value={choice.value}>
              {withoutDirectionMarks(choice.label)}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

/** A switch with its label beside it. */
export function CheckField({ label, hint, problem, value, onValue }: About & Bound<boolean>) {
  const id = useId();
  return (
    <div className="form-check">
      <input
        id={id}
        type="checkbox"
        checked={value}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        onChange={(event) => onValue(event.target.checked)}
      />
      <label htmlFor={id}>{withoutDirectionMarks(label)}</label>
      {hint === undefined ? null : (
        <p id={`${id}-hint`} className="form-hint muted">
          {hint}
        </p>
      )}
      {problem === undefined ? null : <p className="form-problem">{problem}</p>}
    </div>
  );
}

type ChecksProps<Value extends string> = About & Bound<readonly Value[]> & { choices: readonly Choice<Value>[] };

/** Several of a few choices. */
export function ChecksField<Value extends string>(props: ChecksProps<Value>) {
  const { label, hint, problem, value, onValue, choices } = props;
  const id = useId();
  return (
    <fieldset className="form-checks" aria-describedby={hint === undefined ? undefined : `${id}-hint`}>
      <legend>{label}</legend>
      {choices.map((choice) => (
        <CheckField
          key={choice.value}
          label={choice.label}
          problem={undefined}
          value={value.includes(choice.value)}
          onValue={(isChosen) =>
            onValue(isChosen ? [...value, choice.value] : value.filter((each) => each !== choice.value))
          }
        />
      ))}
      {hint === undefined ? null : (
        <p id={`${id}-hint`} className="form-hint muted">
          {hint}
        </p>
      )}
      {problem === undefined ? null : <p className="form-problem">{problem}</p>}
    </fieldset>
  );
}
