import { type FormEvent, useState } from 'react';
import type { Answer, FieldProblems } from '../hub/call.ts';

/** What a field of a form is given: its value, how to change it, and what is wrong with it. */
export type Bound<Value> = {
  readonly value: Value;
  readonly onValue: (value: Value) => void;
  readonly problem: string | undefined;
};

/** What a form shows beside its fields. */
export type FormState = {
  readonly isChanged: boolean;
  readonly isBusy: boolean;
  /** Whether the hub has taken what is in the form, and nothing was changed since. */
  readonly isSaved: boolean;
  /** What is wrong beside the fields; null when nothing is. */
  readonly problem: string | null;
  readonly submit: (event?: FormEvent) => void;
};

export type Form<Values> = FormState & {
  readonly values: Values;
  readonly bind: <Name extends keyof Values & string>(name: Name) => Bound<Values[Name]>;
  readonly set: (changes: Partial<Values>) => void;
};

type Options<Values, Resource> = {
  /** What is there already. When it changes, a form in which nothing was written follows it. */
  readonly initial: Values;
  /** Gives the hub what is in the form. `changes`: the values that are not as they were. */
  readonly save: (values: Values, changes: Partial<Values>) => Promise<Answer<Resource>>;
  readonly onSaved?: (resource: Resource) => void;
};

/**
 * The state of a form whose fields are those of a resource. Problems that the hub names stay at their fields until these
 * change. Send only `changes`: a colleague may have changed other fields meanwhile.
 */
export function useForm<Values extends object, Resource>(options: Options<Values, Resource>): Form<Values> {
  const { initial, save, onSaved } = options;
  const [changes, setChanges] = useState<Partial<Values>>({});
  const [problems, setProblems] = useState<FieldProblems>({});
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const [isSaved, setSaved] = useState(false);
  const values = { ...initial, ...changes };
  const isChanged = Object.keys(changes).length > 0;

  function set(next: Partial<Values>): void {
    setSaved(false);
    const merged = { ...changes, ...next };
    setChanges(differing(merged, initial));
    setProblems((before) => Object.fromEntries(Object.entries(before).filter(([name]) => !(name in next))));
    setProblem(null);
  }

  async function submit(event?: FormEvent): Promise<void> {
    event?.preventDefault();
    if (isBusy) return;
    setBusy(true);
    const answer = await save(values, changes);
    setBusy(false);
    if (answer.ok) {
      setSaved(true);
      setChanges({});
      setProblems({});
      setProblem(null);
      onSaved?.(answer.body);
      return;
    }
    setProblems(answer.fields);
    const isShown = Object.keys(answer.fields).some((name) => name in initial);
    setProblem(isShown ? null : answer.detail);
  }

  return {
    values,
    set,
    isChanged,
    isBusy,
    isSaved,
    problem,
    bind: (name) => ({
      value: values[name],
      onValue: (value) => set({ [name]: value } as unknown as Partial<Values>),
      problem: problems[name],
    }),
    submit: (event) => {
      submit(event).catch(console.error);
    },
  };
}

function differing<Values extends object>(changes: Partial<Values>, from: Values): Partial<Values> {
  const names = Object.keys(changes) as (keyof Values)[];
  const differ = names.filter((name) => JSON.stringify(changes[name]) !== JSON.stringify(from[name]));
  return Object.fromEntries(differ.map((name) => [name, changes[name]])) as Partial<Values>;
}
