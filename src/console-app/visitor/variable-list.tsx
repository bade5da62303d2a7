import { type FormEvent, type ReactNode, useId, useState } from 'react';
import { useDesk } from '../desk/desk.tsx';
import { Icon } from '../desk/icons.tsx';
import { type Answer, call } from '../hub/call.ts';

export type Variable = { readonly key: string; readonly value: string };

/** The variable that is the visitor's name, which has its own place. */
export const NAME = 'username';

type Props = {
  /** Where the variables are. */
  path: string;
  variables: readonly Variable[];
  /** Something was changed: read them again. */
  onChanged: () => void;
};

/** What is known of a visitor beside their name. All of it can be changed where it stands. */
export function VariableList({ path, variables, onChanged }: Props) {
  const { say, complain } = useDesk();
  const [open, setOpen] = useState<string | null>(null);
  const others = variables.filter(({ key }) => key !== NAME);

  async function remove({ key, value }: Variable): Promise<void> {
    const answer = await call(`${path}/${encodeURIComponent(key)}`, { method: 'DELETE' });
    if (!answer.ok && answer.status !== 404) return complain(`${key} was not deleted: ${answer.detail}`);
    setOpen(null);
    onChanged();
    const undo = async () => {
      const again = await setVariable(path, key, value);
      if (!again.ok) complain(`${key} was not stored again: ${again.detail}`);
      onChanged();
    };
    say({
      text: `${key} is deleted.`,
      action: { name: 'Undo', isUndo: true, run: () => void undo().catch(reportError) },
    });
  }

  const done = () => {
    setOpen(null);
    onChanged();
  };
  return (
    <>
      {others.length === 0 ? null : (
        <dl className="facts">
          {others.map((variable) => (
            <div key={variable.key}>
              <dt>{variable.key}</dt>
              <dd>
                {open === variable.key ? (
                  <ValueForm
                    label={variable.key}
                    value={variable.value}
                    onSave={(value) => setVariable(path, variable.key, value)}
                    onDone={done}
                    onCancel={() => setOpen(null)}
                  >
                    <button type="button" className="button quiet small" onClick={() => remove(variable)}>
                      Delete
                    </button>
                  </ValueForm>
                ) : (
                  <span className="fact-value">
                    <span>{variable.value}</span>
                    <EditButton what={variable.key} onOpen={() => setOpen(variable.key)} />
                  </span>
                )}
              </dd>
            </div>
          ))}
        </dl>
      )}
      {open === '' ? (
        <NewVariable path={path} onDone={done} onCancel={() => setOpen(null)} />
      ) : (
        <button type="button" className="button quiet small add-variable" onClick={() => setOpen('')}>
          Add a variable
        </button>
      )}
    </>
  );
}

/** Stores a variable, whether it was there or not. */
export function setVariable(path: string, key: string, value: string): Promise<Answer<unknown>> {
  return call(path, { method: 'POST', body: { key, value } });
}

export function EditButton({ what, onOpen }: { what: string; onOpen: () => void }) {
  return (
    <button type="button" className="button quiet small edit-button" aria-label={`Change ${what}`} onClick={onOpen}>
      <Icon name="edit" size={14} />
    </button>
  );
}

type FormProps = {
  label: string;
  value: string;
  onSave: (value: string) => Promise<Answer<unknown>>;
  onDone: () => void;
  onCancel: () => void;
  children?: ReactNode;
};

/** One value that is changed where it stands. Enter saves, Esc leaves it as it was. */
export function ValueForm({ label, value: before, onSave, onDone, onCancel, children }: FormProps) {
  const id = useId();
  const [value, setValue] = useState(before);
  const { problem, isBusy, submit } = useSaving(() => onSave(value), onDone);
  return (
    <form className="value-form" onSubmit={submit} onKeyDown={(event) => event.key === 'Escape' && onCancel()}>
      <label className="hidden-text" htmlFor={id}>
        {label}
      </label>
      {/* biome-ignore lint/a11y/noAutofocus: the field appears because somebody has asked for it */}
      <input id={id} value={value} autoFocus onChange={({ target }) => setValue(target.value)} />
      <Buttons problem={problem} isBusy={isBusy} onCancel={onCancel}>
        {children}
      </Buttons>
    </form>
  );
}

function NewVariable({ path, onDone, onCancel }: { path: string; onDone: () => void; onCancel: () => void }) {
  const id = useId();
  const [key, setKey] = useState('');
  const [value, setValue] = useState('');
  const { problem, isBusy, submit } = useSaving(() => setVariable(path, key.trim(), value), onDone);
  return (
    <form className="value-form" onSubmit={submit} onKeyDown={(event) => event.key === 'Escape' && onCancel()}>
      <label htmlFor={`${id}-key`}>Name of the variable</label>
      {/* biome-ignore lint/a11y/noAutofocus: the field appears because somebody has asked for it */}
      <input id={`${id}-key`} value={key} required autoFocus onChange={({ target }) => setKey(target.value)} />
      <label htmlFor={`${id}-value`}>Its value</label>
      <input id={`${id}-value`} value={value} onChange={({ target }) => setValue(target.value)} />
      <Buttons problem={problem} isBusy={isBusy} onCancel={onCancel} />
    </form>
  );
}

type ButtonsProps = { problem: string | null; isBusy: boolean; onCancel: () => void; children?: ReactNode };

function Buttons({ problem, isBusy, onCancel, children }: ButtonsProps) {
  return (
    <>
      {problem === null ? null : (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
      <p className="value-buttons">
        <button type="submit" className="button primary small" disabled={isBusy}>
          Save
        </button>
        <button type="button" className="button small" onClick={onCancel}>
          Cancel
        </button>
        {children}
      </p>
    </>
  );
}

function useSaving(save: () => Promise<Answer<unknown>>, onDone: () => void) {
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);

  async function run(): Promise<void> {
    setBusy(true);
    const answer = await save();
    setBusy(false);
    if (answer.ok) onDone();
    else setProblem(answer.detail);
  }
  function submit(event: FormEvent): void {
    event.preventDefault();
    run().catch(reportError);
  }
  return { problem, isBusy, submit };
}
