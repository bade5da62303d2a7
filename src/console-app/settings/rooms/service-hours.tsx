import { useId } from 'react';
import type { ServiceHours, ServiceSpan } from '../../../resources/service-hours.ts';
import { SelectField } from '../../records/fields.tsx';
import type { Bound } from '../../records/form.ts';
import {
  changedSpan,
  DAYS,
  type Day,
  endOf,
  mondayUntilFriday,
  problemOfSpan,
  shownEnd,
  spansOf,
  withoutSpan,
  withSpan,
} from './week.ts';
import './service-hours.css';

const zones = () => [...new Set(['UTC', ...Intl.supportedValuesOf('timeZone')])].sort();

/** When a room is open: spans of each day of the week, in a time zone. */
export function ServiceHoursField({ value, onValue, problem }: Bound<ServiceHours>) {
  const setHours = (hours: ServiceSpan[]) => onValue({ ...value, hours });
  const known = zones();
  const names = known.includes(value.time_zone) ? known : [value.time_zone, ...known];
  const id = useId();
  return (
    <div className="service-hours">
      <SelectField
        label="Time zone"
        hint="Changes of the clocks are followed."
        choices={names.map((name) => ({ value: name, label: name }))}
        value={value.time_zone}
        onValue={(time_zone) => onValue({ ...value, time_zone })}
        problem={undefined}
      />
      <table className="week">
        <caption className="hidden-text">Service hours</caption>
        <tbody>
          {DAYS.map(({ day, name }) => (
            <tr key={day}>
              <th scope="row" id={`${id}-${day}`}>
                {name}
              </th>
              <td>
                <DaySpans day={day} name={name} hours={value.hours} onHours={setHours} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <p>
        <button type="button" className="button small" onClick={() => setHours(mondayUntilFriday(value.hours))}>
          Tuesday to Friday like Monday
        </button>
      </p>
      {problem === undefined ? null : <p className="form-problem">{problem}</p>}
    </div>
  );
}

type DayProps = {
  day: Day;
  name: string;
  hours: readonly ServiceSpan[];
  onHours: (hours: ServiceSpan[]) => void;
};

function DaySpans({ day, name, hours, onHours }: DayProps) {
  const spans = spansOf(hours, day);
  return (
    <div className="day">
      {spans.length === 0 ? <span className="muted">Closed</span> : null}
      {spans.map(({ span, place }, at) => {
        const which = spans.length === 1 ? name : `${name}, ${at + 1}`;
        const problem = problemOfSpan(span);
        return (
          <span key={place} className="span">
            <input
              className="field"
              type="time"
              aria-label={`${which}: from`}
              aria-invalid={problem === null ? undefined : true}
              value={span.from}
              onChange={({ target }) => onHours(changedSpan(hours, place, { from: target.value }))}
            />
            –
            <input
              className="field"
              type="time"
              aria-label={`${which}: until`}
              aria-invalid={problem === null ? undefined : true}
              value={shownEnd(span.to)}
              onChange={({ target }) => onHours(changedSpan(hours, place, { to: endOf(target.value) }))}
            />
            <button
              type="button"
              className="button small quiet"
              aria-label={`Remove ${which}`}
              onClick={() => onHours(withoutSpan(hours, place))}
            >
              Remove
            </button>
            {problem === null ? null : <span className="form-problem">{problem}</span>}
          </span>
        );
      })}
      <button
        type="button"
        className="button small"
        aria-label={`Add hours on ${name}`}
        onClick={() => onHours(withSpan(hours, day))}
      >
        Add
      </button>
    </div>
  );
}
