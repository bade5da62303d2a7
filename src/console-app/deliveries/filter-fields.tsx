import { useNavigate } from '@tanstack/react-router';
import { useEffect, useId, useState } from 'react';
import { APP_EVENTS, CHANNEL_EVENTS, changed, type DeliveryFilter, STATUS_WORDS } from './filter.ts';
import type { Receiver } from './receivers.ts';

type Props = { filter: DeliveryFilter; receivers: readonly Receiver[]; chosen: Receiver | null };

/** What the list shows. The address keeps it, so a list can be sent to a colleague. */
export function FilterFields({ filter, receivers, chosen }: Props) {
  const navigate = useNavigate();
  const set = (changes: Parameters<typeof changed>[1]) =>
    navigate({ to: '/deliveries', search: changed(filter, changes), replace: true });
  const isUnknown = chosen !== null && !receivers.some(({ id }) => id === chosen.id);
  const [isMoreOpen, setMoreOpen] = useState([filter.event, filter.from, filter.to].some((each) => each !== undefined));
  const isApart = chosen?.kind === 'elsewhere';
  const events =
    chosen === null ? { ...CHANNEL_EVENTS, ...APP_EVENTS } : chosen.kind === 'channel' ? CHANNEL_EVENTS : APP_EVENTS;
  return (
    <search className="delivery-filter">
      <Choice
        label="Receiver"
        value={filter.receiver ?? ''}
        onValue={(receiver) => set({ receiver, event: '' })}
        choices={[
          ['', 'All'],
          ...receivers.map(({ id, name }) => [id, name] as const),
          ...(isUnknown ? [[chosen.id, chosen.name] as const] : []),
        ]}
      />
      <Choice
        label="State"
        value={filter.status ?? ''}
        onValue={(status) => set({ status })}
        choices={[['', 'All'], ...Object.entries(STATUS_WORDS)]}
      />
      {isApart ? null : <TextFilter label="Thread" value={filter.thread ?? ''} onValue={(thread) => set({ thread })} />}
      {isApart ? null : (
        <details
          className="delivery-filter-more"
          open={isMoreOpen}
          onToggle={(event) => setMoreOpen(event.currentTarget.open)}
        >
          <summary>More filters</summary>
          <div className="delivery-filter">
            <Choice
              label="Event"
              value={filter.event ?? ''}
              onValue={(event) => set({ event })}
              choices={[
                ['', 'All'],
                ...Object.entries(events).map(([code, words]) => [code, `${words} (${code})`] as const),
              ]}
            />
            <TimeFilter label="After" value={filter.from} onValue={(from) => set({ from })} />
            <TimeFilter label="Before" value={filter.to} onValue={(to) => set({ to })} />
          </div>
        </details>
      )}
      {filter.chat === undefined ? null : (
        <button type="button" className="button small" onClick={() => set({ chat: '' })}>
          Of one chat only. Show all
        </button>
      )}
    </search>
  );
}

type FieldProps = { label: string; value: string; onValue: (value: string) => void };

function Choice({ label, value, onValue, choices }: FieldProps & { choices: readonly (readonly [string, string])[] }) {
  const id = useId();
  return (
    <div className="form-field">
      <label htmlFor={id}>{label}</label>
      <select id={id} className="field" value={value} onChange={(event) => onValue(event.target.value)}>
        {choices.map(([each, name]) => (
          <option key={each} value={each}>
            {name}
          </option>
        ))}
      </select>
    </div>
  );
}

/** A text that counts with Enter, or when one leaves the field. */
function TextFilter({ label, value, onValue }: FieldProps) {
  const id = useId();
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  return (
    <div className="form-field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        className="field"
        autoComplete="off"
        spellCheck={false}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onBlur={() => text !== value && onValue(text)}
        onKeyDown={(event) => event.key === 'Enter' && onValue(text)}
      />
    </div>
  );
}

/** A time of the browser's zone. */
function TimeFilter({ label, value, onValue }: Omit<FieldProps, 'value'> & { value: string | undefined }) {
  const id = useId();
  return (
    <div className="form-field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        className="field"
        type="datetime-local"
        value={value === undefined ? '' : localOf(value)}
        onChange={({ target }) => onValue(target.value === '' ? '' : new Date(target.value).toISOString())}
      />
    </div>
  );
}

/** As a field for local times has it: no zone, whole minutes. */
function localOf(iso: string): string {
  const at = new Date(iso);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
